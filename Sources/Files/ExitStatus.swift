/// What the process tells its caller when it ends, by the convention of `sysexits.h`.
public enum ExitStatus: Int32, Hashable, Sendable, CaseIterable {
  /// All went well.
  case done = 0
  /// A check ran and did not pass.
  case checkFailed = 1
  /// The command line is wrong.
  case usage = 64
  /// Data, a graph or a configuration is wrong.
  case badData = 65
  /// An input does not exist or cannot be opened.
  case noInput = 66
  /// A peer does not answer.
  case unavailable = 69
  /// A fault of our own.
  case internalError = 70
  /// An output cannot be created.
  case cannotCreate = 73
  /// Reading, writing or syncing failed, a full disk included.
  case inputOutput = 74
  /// Somebody else has what is wanted; it may be free a little later.
  case busy = 75
  /// A peer does not allow it.
  case notAllowed = 77
  /// A parameter store is damaged.
  case damagedStore = 78
}
