import Glibc

/// What the system said when something was done to a file.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was done.
  public enum Operation: String, Hashable, Sendable {
    case open = "cannot be opened"
    case read = "cannot be read"
    case create = "cannot be created"
    case write = "cannot be written"
    case sync = "cannot be synced to the disk"
    case rename = "cannot be put in place"
  }

  /// The file.
  public var path: String
  /// What was done.
  public var operation: Operation
  /// The system's number for the reason.
  public var code: Int32
  /// The reason in words.
  public var reason: String

  /// `operation` on `path` failed with the error number `code`.
  package init(_ path: String, _ operation: Operation, code: Int32) {
    self.path = path
    self.operation = operation
    self.code = code
    reason = systemMessage(code)
  }

  /// Whether somebody else has the file or folder.
  package var isInUse: Bool { operation == .open && code == EBUSY }

  /// Whether there is no such file or folder, or none for it to be in.
  package var isMissing: Bool { (operation == .open || operation == .create) && (code == ENOENT || code == ENOTDIR) }

  public var description: String { "'\(path)' \(operation.rawValue): \(reason)" }
}
