public import Files

/// What kind of fault an input has, which decides the exit status of a command.
public enum InputErrorCategory: Hashable, Sendable {
  /// The input is not what it should be.
  case data
  /// There is no such input, or it may not be read.
  case noInput
  /// Reading it failed half-way.
  case io

  /// The exit status of a command that ends with such an error.
  public var exitStatus: ExitStatus {
    switch self {
    case .data: .badData
    case .noInput: .noInput
    case .io: .inputOutput
    }
  }
}
