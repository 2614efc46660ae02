/// A graph as TensorFlow exports it: nodes, the version that made it, a library of functions.
public struct GraphDef: Equatable, Sendable {
  /// Which TensorFlow made the graph, and which can read it.
  public struct Versions: Hashable, Sendable {
    /// The version of graphs that the exporter writes; 0 if the file does not say, as when it is cut short.
    public var producer: Int

    /// The oldest version of a reader that understands the graph.
    public var minimumConsumer: Int

    /// The versions `producer` and `minimumConsumer`.
    public init(producer: Int = 0, minimumConsumer: Int = 0) {
      self.producer = producer
      self.minimumConsumer = minimumConsumer
    }
  }

  /// The nodes, in no particular order.
  public var nodes: [NodeDef]

  /// The version that made the graph.
  public var versions: Versions

  /// The functions that nodes call by name.
  public var functions: [FunctionDef]

  /// A graph of `nodes`.
  public init(_ nodes: [NodeDef], versions: Versions = Versions(), functions: [FunctionDef] = []) {
    self.nodes = nodes
    self.versions = versions
    self.functions = functions
  }

  /// Reads a graph from the bytes of a file, which the graph's large constants go on sharing.
  public init(decoding bytes: [UInt8]) throws(ProtobufError) {
    var reader = ProtobufReader(bytes)
    do throws(ProtobufError) { try self.init(decoding: &reader) } catch { throw error.within("GraphDef") }
  }

  /// Reads a graph.
  ///
  ///     1  node      repeated NodeDef
  ///     2  library   message: 1 function, repeated FunctionDef
  ///     3  version   int32, before there was `versions`
  ///     4  versions  message: 1 producer, 2 min_consumer
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    self.init([])
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        nodes.append(try reader.message(field, "node", index: nodes.count, NodeDef.init(decoding:)))
      case 2: functions += try reader.message(field, "library", Self.library(decoding:))
      case 3:
        let version = Int(try reader.int32(field, "version"))
        if versions.producer == 0 { versions.producer = version }
      case 4: versions = try reader.message(field, "versions", Versions.init(decoding:))
      default: try reader.skip(field)
      }
    }
  }

  private static func library(decoding reader: inout ProtobufReader) throws(ProtobufError) -> [FunctionDef] {
    var functions: [FunctionDef] = []
    while let field = try reader.nextField() {
      guard field.number == 1 else {
        try reader.skip(field)
        continue
      }
      functions.append(
        try reader.message(field, "function", index: functions.count, FunctionDef.init(decoding:)))
    }
    return functions
  }
}

extension GraphDef.Versions {
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: producer = Int(try reader.int32(field, "producer"))
      case 2: minimumConsumer = Int(try reader.int32(field, "min_consumer"))
      default: try reader.skip(field)
      }
    }
  }
}
