/// Why a file cannot be read as an exported graph, and what to do.
public struct GraphFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The file is missing, or the system does not let it be read; the words say which.
    case unreadable(String)
    /// There is nothing in it.
    case empty
    /// The file ends before its content does.
    case truncated(byteCount: Int, ProtobufError)
    /// It is another kind of file.
    case otherFile(GraphFileKind)
    /// It is damaged, or nothing known.
    case malformed(ProtobufError)
  }

  /// The file.
  public var path: String

  /// What is wrong.
  public var reason: Reason

  /// What kind of fault this is.
  public var category: InputErrorCategory

  init(path: String, _ reason: Reason, category: InputErrorCategory = .data) {
    self.path = path
    self.reason = reason
    self.category = category
  }

  public var description: String {
    switch reason {
    case .unreadable(let found): "\(path): found \(found), expected an exported graph (a GraphDef .pb file)"
    case .empty: "\(path): the file is empty, expected an exported graph; export the model again"
    case .truncated(let byteCount, let error):
      "\(path): the file is cut short after \(byteCount) bytes; copy or export it again (\(error))"
    case .otherFile(let kind):
      "\(path): found \(kind.name), expected an exported graph (a binary GraphDef); \(kind.advice)"
    case .malformed(let error): "\(path): not an exported graph, or damaged; export the model again (\(error))"
    }
  }
}
