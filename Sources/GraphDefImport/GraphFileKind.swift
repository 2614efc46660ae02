/// A kind of file that people take for an exported graph.
public enum GraphFileKind: Hashable, Sendable {
  case savedModelFolder, savedModel, metaGraph, textGraph
  case checkpointFolder, checkpointIndex, checkpointData, checkpointState
  case folder
  case json, gitLFSPointer, text
  case gzip, zip, hdf5, numpy, liteModel, onnx

  /// What the file is called.
  public var name: String {
    switch self {
    case .savedModelFolder: "the folder of a SavedModel"
    case .savedModel: "a SavedModel"
    case .metaGraph: "a MetaGraphDef"
    case .textGraph: "a graph in text format (pbtxt)"
    case .checkpointFolder: "a folder of checkpoints"
    case .checkpointIndex, .checkpointData, .checkpointState: "a part of a TensorFlow checkpoint"
    case .folder: "a folder"
    case .json: "JSON"
    case .gitLFSPointer: "a Git LFS pointer"
    case .text: "text"
    case .gzip: "a gzip archive"
    case .zip: "a zip archive (such as .keras, .npz or a PyTorch model)"
    case .hdf5: "an HDF5 file (such as a Keras .h5 model)"
    case .numpy: "a NumPy array"
    case .liteModel: "a TensorFlow Lite model"
    case .onnx: "an ONNX model"
    }
  }

  /// What its owner can do.
  public var advice: String {
    switch self {
    case .savedModelFolder, .savedModel, .metaGraph, .hdf5, .zip, .liteModel, .onnx:
      "in the Python program that builds the model, write its graph with "
        + "tf.io.write_graph(graph, folder, 'NAME.pb', as_text=False)"
    case .textGraph: "write it again with tf.io.write_graph(…, as_text=False)"
    case .checkpointFolder, .checkpointIndex, .checkpointData, .checkpointState:
      "a checkpoint holds values and no graph: write the graph with tf.io.write_graph(…, as_text=False)"
    case .folder: "name the .pb file in it"
    case .json: "a model's configuration and its graph are two files: name the .pb file"
    case .gitLFSPointer: "fetch the file itself with 'git lfs pull'"
    case .text, .numpy: "name the .pb file that the model's exporter wrote"
    case .gzip: "unpack it with gunzip"
    }
  }
}

extension GraphFileKind {
  /// The kind of folder that holds entries called `names`.
  init(folderWith names: Set<String>) {
    if names.contains("saved_model.pb") || names.contains("saved_model.pbtxt") {
      self = .savedModelFolder
    } else if names.contains("checkpoint") || names.contains(where: { $0.hasSuffix(".index") }) {
      self = .checkpointFolder
    } else {
      self = .folder
    }
  }

  /// The kind of file that holds `bytes`, which are no graph, or `nil` if it is none of these.
  package init?(recognizing bytes: [UInt8], path: String) {
    if let kind = Self.signatures.first(where: { bytes.dropFirst($0.offset).starts(with: $0.bytes) })?.kind {
      self = kind
    } else if bytes.suffix(8) == [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB] {
      self = .checkpointIndex
    } else if path.utf8.count > 20, path.contains(".data-0") {
      self = .checkpointData
    } else if bytes.first != 0x0A || bytes.count >= 16, let kind = Self.text(bytes) {
      self = kind
    } else if let kind = Self.message(bytes) {
      self = kind
    } else {
      return nil
    }
  }

  /// Bytes at fixed places that only one kind of file has.
  private static let signatures: [(offset: Int, bytes: [UInt8], kind: GraphFileKind)] = [
    (0, [0x1F, 0x8B], .gzip),
    (0, [0x50, 0x4B, 0x03, 0x04], .zip),
    (0, [0x89] + Array("HDF\r\n".utf8), .hdf5),
    (0, [0x93] + Array("NUMPY".utf8), .numpy),
    (4, Array("TFL3".utf8), .liteModel),
    (0, Array("version https://git-lfs".utf8), .gitLFSPointer),
    (0, Array("model_checkpoint_path:".utf8), .checkpointState),
  ]

  /// The kind of text that `bytes` start with.
  private static func text(_ bytes: [UInt8]) -> GraphFileKind? {
    let head = bytes.prefix(4096)
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    guard head.allSatisfy({ $0 > 0x20 && $0 != 0x7F || isSpace($0) }) else { return nil }
    // A binary graph starts with a line feed, the tag of its first node.
    let plain: GraphFileKind? = bytes.first == 0x0A ? nil : .text
    guard let first = head.first(where: { !isSpace($0) }) else { return plain }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return .json }
    let names = [
      "node", "versions", "library", "saved_model_schema_version", "meta_graphs", "meta_info_def", "graph_def",
    ]
    let lines = head.split(separator: 0x0A).map { $0.drop(while: isSpace) }
    guard let line = lines.first(where: { $0.first != UInt8(ascii: "#") && !$0.isEmpty }) else { return plain }
    let isField = names.contains { name in
      line.starts(with: name.utf8) && " {:".utf8.contains(line.dropFirst(name.utf8.count).first ?? 0)
    }
    return isField ? .textGraph : plain
  }

  /// The kind of protocol buffer message that `bytes` are.
  private static func message(_ bytes: [UInt8]) -> GraphFileKind? {
    let fields = ProtobufReader.outline(bytes)
    let isVersioned = fields.contains { $0.number == 1 && $0.payload == nil }
    if isVersioned, fields.contains(where: { $0.number == 2 && isMetaGraph($0.payload ?? []) }) { return .savedModel }
    if isVersioned, fields.contains(where: { $0.number == 7 && $0.payload != nil }) { return .onnx }
    return isMetaGraph(bytes[...]) ? .metaGraph : nil
  }

  /// Whether field 2 of the message in `bytes` is a graph: a message whose field 1 has a name in 1 and an op in 2.
  private static func isMetaGraph(_ bytes: ArraySlice<UInt8>) -> Bool {
    let graphs = ProtobufReader.outline(Array(bytes)).filter { $0.number == 2 }
    guard let graph = graphs.first?.payload else { return false }
    let nodes = ProtobufReader.outline(Array(graph)).filter { $0.number == 1 }
    guard let node = nodes.first?.payload else { return false }
    let fields = ProtobufReader.outline(Array(node))
    return [1, 2].allSatisfy { number in
      fields.contains { $0.number == number && ($0.payload.map(isName) ?? false) }
    }
  }

  /// Whether `bytes` are what a node or an op is called.
  private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

extension ProtobufReader {
  /// The fields of the message in `bytes` as far as they can be read, and the payloads of those that have a length.
  fileprivate static func outline(_ bytes: [UInt8]) -> [(number: Int, payload: ArraySlice<UInt8>?)] {
    var reader = ProtobufReader(bytes)
    var fields: [(number: Int, payload: ArraySlice<UInt8>?)] = []
    do throws(ProtobufError) {
      while fields.count < 4096, let field = try reader.nextField() {
        if field.wireType == .lengthDelimited {
          fields.append((field.number, try reader.slice(field, "payload")))
        } else {
          try reader.skip(field)
          fields.append((field.number, nil))
        }
      }
    } catch {
      return fields
    }
    return fields
  }
}
