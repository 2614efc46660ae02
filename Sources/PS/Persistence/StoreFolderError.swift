public import Files
import Wire

/// Why the store in a folder cannot be used.
public enum StoreFolderError: Error, Hashable, Sendable {
  /// The system refused something.
  case system(FileError)
  /// Bytes are not what was written: `problem`, at the byte `offset` of the file `file`.
  case damaged(file: String, offset: Int, problem: String)
  /// It is another store than is wanted: `problem`.
  case foreign(problem: String)
  /// The store is sound, but `problem`.
  case unusable(problem: String)
  /// A store cannot begin in the folder at `path`: its disk has no room for a file of the log, of `byteCount` bytes.
  case noRoom(path: String, byteCount: Int)
}

extension StoreFolderError {
  /// What it means that `part` of a store, at the byte `offset` of `file`, was refused: it is damaged, unless the server
  /// has too little memory for it.
  init(_ refusal: Refusal, of part: String, in file: String, at offset: Int) {
    self =
      refusal.code == .limit
      ? .unusable(problem: "\(part): \(refusal.text)") : .damaged(file: file, offset: offset, problem: refusal.text)
  }

  /// What `body` returns; what the system refuses is thrown as ``system(_:)``.
  static func wrapping<Value>(_ body: () throws(FileError) -> Value) throws(StoreFolderError) -> Value {
    do throws(FileError) { return try body() } catch { throw .system(error) }
  }
}

extension StoreFolderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let error): "\(error)"
    case .damaged(let file, let offset, let problem):
      "'\(file)' is damaged at byte \(offset): \(problem). Nothing was changed. 'onlearn ps verify' says what is left, "
        + "'onlearn ps truncate' gives up what is behind the damage"
    case .foreign(let problem), .unusable(let problem): problem
    case .noRoom(let path, let byteCount):
      "the disk of '\(path)' has no room for a file of the log, \(byteCount >> 20) MiB. Make room, or let files be smaller "
        + "with --log-segment"
    }
  }
}
