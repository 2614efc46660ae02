public import Files

/// A file or stream that cannot be used as it is: where, and why.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The file does not exist or cannot be opened; `hint` says how to get it.
    case unreadable(String, hint: String)
    /// The file cannot be created.
    case cannotCreate(String)
    /// The system failed to read, write or sync.
    case inputOutput(String)
    /// The file is not of the kind its first bytes should show.
    case wrongMagic(found: String, expected: String)
    /// The file ends too early.
    case truncated(expected: Int, found: Int)
    /// The file goes on after its last value.
    case trailingBytes(expected: Int)
    /// The values are of a type that is not read here.
    case unsupportedType(found: String, supported: String)
    /// A header that cannot be understood.
    case malformedHeader(String)
    /// Compressed bytes that do not decompress.
    case corruptCompression(String)
    /// Two shapes or counts that should agree.
    case disagreement(what: String, found: String, expected: String)
    /// More than this program is ready to read.
    case tooLarge(what: String, limit: String)
    /// There is nothing to read.
    case empty
    /// A line that cannot be understood; lines and columns count from 1.
    case malformedLine(line: Int, column: Int?, String)
    /// The source was named or used wrongly.
    case usage(String)
  }

  /// The file, or the name of the stream.
  public var place: String
  /// What is wrong there.
  public var reason: Reason

  /// Names what is wrong at `place`.
  public init(_ place: String, _ reason: Reason) {
    self.place = place
    self.reason = reason
  }

  /// Whether there is no such file, or none that may be read.
  var isMissing: Bool {
    if case .unreadable = reason { true } else { false }
  }

  /// How a command that meets this error ends.
  public var exitStatus: ExitStatus {
    switch reason {
    case .unreadable: .noInput
    case .cannotCreate: .cannotCreate
    case .inputOutput: .inputOutput
    case .usage: .usage
    default: .badData
    }
  }

  public var description: String {
    switch reason {
    case .unreadable(let why, let hint): "\(place): cannot be opened: \(why)\(hint.isEmpty ? "" : "; \(hint)")"
    case .cannotCreate(let why): "\(place): cannot be created: \(why)"
    case .inputOutput(let why): "\(place): \(why)"
    case .wrongMagic(let found, let expected): "\(place): starts with \(found), expected \(expected)"
    case .truncated(let expected, let found):
      "\(place): ends after \(found) bytes, expected \(expected); the file is incomplete"
    case .trailingBytes(let expected): "\(place): has more than the \(expected) bytes its header announces"
    case .unsupportedType(let found, let supported): "\(place): holds \(found), which is not read; use \(supported)"
    case .malformedHeader(let why): "\(place): malformed header: \(why)"
    case .corruptCompression(let why): "\(place): does not decompress: \(why)"
    case .disagreement(let what, let found, let expected): "\(place): \(what) is \(found), expected \(expected)"
    case .tooLarge(let what, let limit): "\(place): \(what) is larger than \(limit)"
    case .empty: "\(place): holds no example"
    case .malformedLine(let line, let column?, let why): "\(place), line \(line), column \(column): \(why)"
    case .malformedLine(let line, nil, let why): "\(place), line \(line): \(why)"
    case .usage(let why): "\(place): \(why)"
    }
  }
}
