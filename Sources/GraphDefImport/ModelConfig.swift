/// What the exporter's JSON file says about a model: the names of its parameters and observed values, the sizes of
/// its inputs.
///
/// ```json
/// { "other": { "dense": ["w1", "b1"], "gradient": ["d-w1", "d-b1"], "batch_size": 1024,
///              "input_size": [1024, 784], "output_size": [1024, 1], "class_num": 10,
///              "observe": ["loss", "accuracy"], "model_name": "mlp", "learning_rate": 0.05,
///              "pb_path": "../model/model_pb/mlp.pb" },
///   "dense_shape": { "w1": [784, 10], "d-w1": [784, 10], "b1": [1, 10], "d-b1": [1, 10] } }
/// ```
public struct ModelConfig: Hashable, Sendable {
  /// The most examples in a batch.
  public static let maximumBatchSize = 1 << 24

  /// The most elements of a parameter, an input or an output.
  public static let maximumElementCount = 1 << 34

  /// `other.model_name`.
  public var modelName: String

  /// `other.dense`: the names of the parameters, in order.
  public var dense: [String]

  /// `other.gradient`: for each parameter the node of its gradient, `d-` before its name.
  public var gradients: [String]

  /// `other.observe`: the nodes whose values tell how well the model does.
  public var observe: [String]

  /// `other.batch_size`: the number of examples in a batch, as exported.
  public var batchSize: Int

  /// `other.input_size`: the shape of a batch of inputs.
  public var inputSize: [Int]

  /// `other.output_size`: the shape of a batch of labels.
  public var outputSize: [Int]

  /// `other.class_num`: the number of classes, if the model tells classes apart.
  public var classCount: Int?

  /// `other.learning_rate`.
  public var learningRate: Double?

  /// `other.pb_path`: where the exporter wrote the graph, as it stands in the file.
  public var graphPath: String?

  /// `dense_shape`: the parameters' shapes by name, or `nil` if the graph alone knows them.
  public var denseShapes: [String: [Int]]?

  /// The file that was read; empty if there was none.
  public var path: String

  /// A configuration made by hand; gradients are called after `dense`.
  public init(
    modelName: String, dense: [String], observe: [String], batchSize: Int, inputSize: [Int], outputSize: [Int],
    classCount: Int? = nil, learningRate: Double? = nil, graphPath: String? = nil,
    denseShapes: [String: [Int]]? = nil, path: String = ""
  ) {
    self.modelName = modelName
    self.dense = dense
    gradients = dense.map { GraphDefImporter.gradientName(of: $0) }
    self.observe = observe
    self.batchSize = batchSize
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.classCount = classCount
    self.learningRate = learningRate
    self.graphPath = graphPath
    self.denseShapes = denseShapes
    self.path = path
  }

  /// Reads the configuration file at `path`.
  public init(contentsOf path: String) throws(ModelConfigError) {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try FileContents.read(path, byteLimit: 16 << 20) } catch {
      throw ModelConfigError(
        path: path, found: error.found, expected: "a model's configuration, a JSON file", category: error.category)
    }
    try self.init(decoding: bytes, path: path)
  }

  /// Reads a configuration from the `bytes` of the file at `path`.
  public init(decoding bytes: [UInt8], path: String = "") throws(ModelConfigError) {
    do throws(ModelConfigError) {
      let root: JSONValue
      do throws(JSONError) { root = try JSONValue(parsing: bytes) } catch {
        let found = bytes.isEmpty ? "an empty file" : "\(error.found) in line \(error.line), column \(error.column)"
        throw ModelConfigError(found: found, expected: error.expected + " (JSON)")
      }
      try self.init(ModelConfigReader(key: "", value: root))
      self.path = path
    } catch {
      var error = error
      error.path = path
      throw error
    }
  }

  private init(_ root: ModelConfigReader) throws(ModelConfigError) {
    let other = try root.required("other", "an object with the model's settings")
    path = ""
    modelName = try Self.modelName(try other.required("model_name", "the model's name"))
    dense = try Self.dense(try other.required("dense", "the names of the parameters"))
    gradients = try Self.gradients(
      try other.required("gradient", "for each parameter the name of its gradient"), of: dense)
    observe = try other.required("observe", "the names of the observed nodes").distinctStrings()
    batchSize = try other.required("batch_size", "the number of examples in a batch")
      .positiveInteger(atMost: Self.maximumBatchSize)
    inputSize = try other.required("input_size", "the shape of a batch of inputs")
      .shape(elementsAtMost: Self.maximumElementCount, isScalarAllowed: false)
    outputSize = try other.required("output_size", "the shape of a batch of labels")
      .shape(elementsAtMost: Self.maximumElementCount, isScalarAllowed: false)
    classCount = try other.optional("class_num")?.positiveInteger(atMost: Self.maximumBatchSize)
    learningRate = try other.optional("learning_rate")?.positiveNumber()
    graphPath = try other.optional("pb_path")?.string()
    denseShapes = try root.optional("dense_shape").map { shapes throws(ModelConfigError) in
      try Self.shapes(shapes, of: dense)
    }
  }

  /// The model's name, which also names files.
  private static func modelName(_ reader: ModelConfigReader) throws(ModelConfigError) -> String {
    let name = try reader.string()
    guard !name.contains("/"), name != ".", name != ".." else { throw reader.error("a name without '/'") }
    return name
  }

  private static func dense(_ reader: ModelConfigReader) throws(ModelConfigError) -> [String] {
    let names = try reader.distinctStrings()
    guard !names.isEmpty else { throw reader.error("at least one parameter") }
    return names
  }

  private static func gradients(
    _ reader: ModelConfigReader, of dense: [String]
  ) throws(ModelConfigError) -> [String] {
    let elements = try reader.elements("an array of strings")
    guard elements.count == dense.count else {
      throw reader.error("as many names as other.dense has, \(dense.count)")
    }
    let gradients = dense.map { GraphDefImporter.gradientName(of: $0) }
    for (number, element) in elements.enumerated() where try element.string() != gradients[number] {
      throw element.error("\"\(gradients[number])\", the gradient of other.dense's \"\(dense[number])\"")
    }
    return gradients
  }

  /// The shapes of the parameters `dense`; those of gradients, where given, are the same.
  private static func shapes(
    _ reader: ModelConfigReader, of dense: [String]
  ) throws(ModelConfigError) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for name in dense {
      let shape = try reader.required(name, "the shape of the parameter \"\(name)\"")
        .shape(elementsAtMost: maximumElementCount, isScalarAllowed: true)
      shapes[name] = shape
      guard let gradient = try reader.optional(GraphDefImporter.gradientName(of: name)) else { continue }
      let gradientShape = try gradient.shape(elementsAtMost: maximumElementCount, isScalarAllowed: true)
      guard gradientShape == shape else {
        throw gradient.error("\(shape), the shape of \"\(name)\"", found: "\(gradientShape)")
      }
    }
    return shapes
  }
}
