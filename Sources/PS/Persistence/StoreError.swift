public import Parameters

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
}

extension StoreFolderError {
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
    }
  }
}
