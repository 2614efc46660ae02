import FoundationEssentials

/// A graph together with the file it came from.
public struct GraphFile: Sendable {
  /// The most bytes a file may have: what protocol buffers can hold.
  public static let maximumByteCount = Int(Int32.max)

  /// The file's path, as it was given.
  public let path: String

  /// The file's bytes, which the graph's large constants share.
  public let bytes: [UInt8]

  /// The graph.
  public let graph: GraphDef

  /// Reads the exported graph at `path`.
  ///
  /// What is not an exported graph is recognised where possible, and the error says what to do.
  public static func read(_ path: String) throws(GraphFileError) -> GraphFile {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try FileContents.read(path, byteLimit: maximumByteCount) } catch {
      guard error.isDirectory else {
        throw GraphFileError(path: path, .unreadable(error.found), category: error.category)
      }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      throw GraphFileError(path: path, .otherFile(GraphFileKind(folderWith: Set(names))))
    }
    return try GraphFile(decoding: bytes, path: path)
  }

  /// Decodes the `bytes` of the file at `path`.
  public init(decoding bytes: [UInt8], path: String) throws(GraphFileError) {
    guard !bytes.isEmpty else { throw GraphFileError(path: path, .empty) }
    self.path = path
    self.bytes = bytes
    do throws(ProtobufError) {
      graph = try GraphDef(decoding: bytes)
      // Another message may read as a graph of a strange node or of none.
      guard graph.nodes.count > 1 || GraphFileKind(recognizing: bytes, path: path) == nil, !graph.nodes.isEmpty else {
        throw ProtobufError(offset: 0, path: ["GraphDef"], found: "\(graph.nodes.count) nodes", expected: "a graph")
      }
    } catch {
      if let kind = GraphFileKind(recognizing: bytes, path: path) {
        throw GraphFileError(path: path, .otherFile(kind))
      }
      throw GraphFileError(
        path: path, error.isTruncation ? .truncated(byteCount: bytes.count, error) : .malformed(error))
    }
  }
}
