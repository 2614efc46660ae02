/// What kind of fault an input has, which decides the exit status of a command.
public enum InputErrorCategory: Hashable, Sendable {
  /// The input is not what it should be.
  case data
  /// There is no such input, or it may not be read.
  case noInput
  /// Reading it failed half-way.
  case io

  /// The exit status by the convention of `sysexits.h`.
  public var exitStatus: Int32 {
    switch self {
    case .data: 65
    case .noInput: 66
    case .io: 74
    }
  }
}
