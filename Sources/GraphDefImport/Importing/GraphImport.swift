import Graph
import Kernels

/// One import: walks the needed nodes in order and makes each node's outputs.
struct GraphImport {
  private let importer: GraphDefImporter
  let request: GraphDefImporter.Request
  let context: ImportContext
  var index: GraphIndex { importer.index }
  private var config: ModelConfig { importer.config }
  var outputs: [Int: [ImportedTensor]] = [:]
  /// The loops among the needed nodes, by position.
  private(set) var loops: [Int: ImportedLoop] = [:]
  var fed: [InputReference: Value] = [:]
  /// The nodes that are fed instead of computed.
  private(set) var cuts: Set<Int> = []

  init(_ importer: GraphDefImporter, _ request: GraphDefImporter.Request) {
    self.importer = importer
    self.request = request
    context = ImportContext(
      ProgramBuilder(), batchSize: importer.config.batchSize, precision: request.precision,
      isScoring: request.isScoring)
  }

  /// The import of one round of a loop, which is part of the import that `context` belongs to.
  init(_ function: LoopFunction, _ request: GraphDefImporter.Request, _ context: ImportContext) {
    importer = function.importer
    loops = function.loops
    self.request = request
    self.context = context
  }

  mutating func run() throws(GraphImportError) -> Program {
    let fetches = request.fetches.map { InputReference(parsing: $0) ?? InputReference($0) }
    let loss = InputReference(GraphDefImporter.lossName)
    let roots = fetches + (request.gradients.isEmpty ? [] : [loss]) + request.gradients.map { InputReference($0) }
    let feeds = request.feeds.keys.sorted().map { ($0, InputReference(parsing: $0) ?? InputReference($0)) }
    var positions: [Int] = []
    for (_, feed) in feeds {
      let position = try index.position(of: feed.node)
      // A fed variable stays a variable: the feed is its starting value.
      if !Self.isVariable(index.graph.nodes[position]) { cuts.insert(position) }
    }
    for root in roots { positions.append(try index.position(of: root.node)) }
    let order = try index.order(from: positions, cutting: cuts, ignoringControls: request.ignoresOrder)
    let transforms = request.appliesGradientTransforms ? try importer.gradientTransforms() : GradientTransforms()
    let transformOrder = try self.order(of: transforms)
    loops = try ImportedLoop.all(in: order + transformOrder, of: importer)
    let unsupported = index.unsupportedNodes(order + transformOrder, cutting: cuts, loops: loops)
    guard unsupported.isEmpty else { throw .nodes(unsupported) }
    try makeInputs(order + transformOrder, feeds)
    try makeOutputs(of: order)

    var results: [(name: String, value: Value)] = []
    for (name, fetch) in zip(request.fetches, fetches) { results.append((name, try value(of: fetch))) }
    if !request.gradients.isEmpty {
      var gradients = try gradients(of: value(of: loss))
      try feed(gradients, to: transforms)
      try makeOutputs(of: transformOrder)
      try apply(transforms, to: &gradients)
      let fetched = results.map(\.value)
      for gradient in gradients { results += try outputs(of: gradient, besides: fetched) }
    }
    for name in context.assigned { results.append(("\(name) assigned", context.variables[name]!)) }
    return context.builder.program(results)
  }

  static func isVariable(_ node: NodeDef) -> Bool { ["VariableV2", "Variable", "VarHandleOp"].contains(node.op) }
  static func isPlaceholder(_ node: NodeDef) -> Bool { node.op == "Placeholder" || node.op == "PlaceholderV2" }

  /// All inputs come first: placeholders, variables, and what is fed instead of being computed.
  private mutating func makeInputs(
    _ order: [Int], _ feeds: [(String, InputReference)]
  ) throws(GraphImportError) {
    let builder = context.builder
    for (name, feed) in feeds {
      let position = try index.position(of: feed.node)
      guard cuts.contains(position), order.contains(position) else { continue }
      let node = index.graph.nodes[position]
      let type = try importing(node) { try checked(feedType(name, node)) }
      fed[feed] = builder.input(name, type, role: .data)
    }
    for position in order where !cuts.contains(position) && outputs[position] == nil {
      let node = index.graph.nodes[position]
      if Self.isPlaceholder(node) {
        let type = try importing(node) { try checked(placeholderType(node)) }
        outputs[position] = [.value(builder.input(node.name, type, role: .data))]
      } else if Self.isVariable(node), context.variables[node.name] == nil {
        let type = try importing(node) { try checked(variableType(node)) }
        let role: InputRole = config.dense.contains(node.name) ? .parameter : .state
        context.variables[node.name] = builder.input(node.name, type, role: role)
      }
    }
  }

  /// The type of the variable `node`.
  func type(ofVariable node: NodeDef) throws(GraphImportError) -> TensorType {
    try importing(node) { try variableType(node) }
  }

  /// `type`, which must not have more axes than tensors can have, or negative extents.
  private func checked(_ type: TensorType) throws -> TensorType {
    guard type.rank <= Dimensions.maximumRank else {
      throw ImportError.Reason.other("\(type) has \(type.rank) axes, at most \(Dimensions.maximumRank) are supported")
    }
    guard !type.shape.extents.contains(where: \.isNegative) else {
      throw ImportError.Reason.other("\(type) has a negative extent")
    }
    return type
  }

  private func feedType(_ name: String, _ node: NodeDef) throws -> TensorType {
    if let type = request.feeds[name] ?? nil { return type }
    if Self.isPlaceholder(node) { return try placeholderType(node) }
    throw ImportError.Reason.other("it is fed, but its type is not known")
  }

  private func reader(_ node: NodeDef) -> NodeReader { NodeReader(node: node, operands: [], context: context) }

  private func variableType(_ node: NodeDef) throws -> TensorType {
    let dtype = try reader(node).type("dtype")
    guard let shape = node.attributes["shape"]?.shape?.knownDimensions else {
      throw ImportError.Reason.attribute("shape", found: "unknown", expected: "a known shape")
    }
    if let expected = config.denseShapes?[node.name], expected != shape {
      throw ImportError.Reason.other("its shape is \(shape), but the configuration's dense_shape says \(expected)")
    }
    return TensorType(dtype, Shape(shape))
  }

  /// The type of a placeholder: its first axis is the batch if it is unknown or has the exported batch size.
  private func placeholderType(_ node: NodeDef) throws -> TensorType {
    let dtype = try reader(node).type("dtype")
    let configured: [Int]? =
      switch node.name {
      case GraphDefImporter.inputName: config.inputSize
      case GraphDefImporter.labelsName: config.outputSize
      default: nil
      }
    guard let dimensions = node.attributes["shape"]?.shape?.dimensions ?? configured else {
      throw ImportError.Reason.attribute("shape", found: "unknown", expected: "a shape")
    }
    var extents: [Extent] = []
    for (axis, dimension) in dimensions.enumerated() {
      if axis == 0, dimension < 0 || dimension == config.batchSize {
        extents.append(request.fixesBatch ? Extent(config.batchSize) : .batch)
      } else if dimension >= 0 {
        extents.append(Extent(dimension))
      } else if let configured, axis < configured.count, configured.count == dimensions.count {
        extents.append(Extent(configured[axis]))
      } else {
        throw ImportError.Reason.attribute(
          "shape", found: "\(dimensions)", expected: "known extents behind the first")
      }
    }
    return TensorType(dtype, Shape(extents))
  }

  mutating func makeOutputs(of order: [Int]) throws(GraphImportError) {
    for position in order where outputs[position] == nil && !cuts.contains(position) {
      let node = index.graph.nodes[position]
      context.builder.label = node.name
      outputs[position] = try importing(node) {
        try context.builder.within(truthValues(at: position)) { try makeOutputs(of: position) }
      }
    }
  }

  private func makeOutputs(of position: Int) throws -> [ImportedTensor] {
    let node = index.graph.nodes[position]
    if node.op == "Const" { return [try reader(node).constantTensor()] }
    if Branches.merges.contains(node.op) { return try merged(at: position) }
    if ImportedLoop.operations.contains(node.op) { return try looped(at: position) }
    let operands = try index.operands(of: position).map { try tensor($0) }
    var reader = NodeReader(node: node, operands: operands, context: context)
    if GraphIndex.assignments.contains(node.op) {
      guard let conditions = try conditions(at: position) else { return [try reader.tensor(0)] }
      reader.conditions = conditions
    }
    if request.isScoring, let kept = try context.dropout.output(of: reader) { return [.value(kept)] }
    guard let operation = OpImporter.all[node.op] else {
      // Those of the graph itself are inputs of the program.
      guard Self.isPlaceholder(node) else { throw ImportError.Reason.unsupportedOp }
      throw ImportError.Reason.other("it is in a function of a loop; expected an argument of the function")
    }
    try reader.checkWrapping()
    let outputs = try operation.makeOutputs(reader)
    if request.isScoring { try context.dropout.note(outputs.first, of: reader) }
    return outputs
  }

  func tensor(_ reference: InputReference) throws -> ImportedTensor {
    if let value = fed[InputReference(reference.node, output: reference.output)] { return .value(value) }
    let outputs = self.outputs[try index.position(of: reference.node)] ?? []
    guard outputs.indices.contains(reference.output) else {
      throw ImportError.Reason.other("its input '\(reference)' does not exist")
    }
    return outputs[reference.output]
  }

  func value(of reference: InputReference) throws(GraphImportError) -> Value {
    let node = index.graph.nodes[try index.position(of: reference.node)]
    return try importing(node) {
      try NodeReader(node: node, operands: [tensor(reference)], context: context).operand(0)
    }
  }

  /// The gradient of `loss` with respect to each parameter asked for; `nil` if it does not depend on it.
  private func gradients(of loss: Value) throws(GraphImportError) -> [(name: String, gradient: Gradient?)] {
    let lossNode = index.graph.nodes[try index.position(of: GraphDefImporter.lossName)]
    var parameters: [Value] = []
    for name in request.gradients {
      guard let node = index.node(name), Self.isVariable(node), let value = initialValue(of: name) else {
        throw .unknownNode(name, neededBy: "gradients", similar: [])
      }
      parameters.append(value)
    }
    return try importing(lossNode) {
      guard loss.dtype.isFloatingPoint else { throw ImportError.Reason.other("the loss is \(loss.type)") }
      let gradients = try context.builder.gradients(
        of: loss, withRespectTo: parameters, cutting: Array(fed.values))
      return zip(request.gradients, gradients).map { ($0, $1) }
    }
  }

  /// The outputs that a gradient is asked for as: rows only if `fetched` and all else reads nothing but rows, too.
  private func outputs(
    of found: (name: String, gradient: Gradient?), besides fetched: [Value]
  ) throws(GraphImportError) -> [(name: String, value: Value)] {
    let names = GradientNames(of: found.name)
    if case .rows(let indices, let values) = found.gradient, !request.densifiesGradients,
      let table = initialValue(of: found.name), !fetched.contains(table), context.builder.isReadByRows(table)
    {
      return [(names.indices, indices), (names.values, values)]
    }
    return [(names.dense, try dense(found))]
  }

  /// A gradient as a tensor of the parameter's shape.
  func dense(_ found: (name: String, gradient: Gradient?)) throws(GraphImportError) -> Value {
    let node = index.graph.nodes[try index.position(of: found.name)]
    return try importing(node) {
      let parameter = initialValue(of: found.name)!
      switch found.gradient {
      case .dense(let value): return value
      case .rows(let indices, let values): return try indices.scattering(values, into: parameter.type)
      case nil: return try Value.constant(0, parameter.dtype, in: context.builder).broadcast(to: parameter.shape)
      }
    }
  }

  /// The input that is the variable `name`, before any assignment.
  func initialValue(of name: String) -> Value? { context.builder.input(named: name) }

  /// Runs `body`, naming `node` in what it throws.
  func importing<Result>(_ node: NodeDef, _ body: () throws -> Result) throws(GraphImportError) -> Result {
    let reason: ImportError.Reason
    do {
      return try body()
    } catch let error as GraphImportError {
      throw error
    } catch let error as ImportError.Reason {
      reason = error
    } catch let error as ShapeError {
      reason = .shape(error)
    } catch let error as TensorProtoError {
      reason = .constant(error)
    } catch {
      reason = .other("\(error)")
    }
    throw .nodes([ImportError(node: node.name, op: node.op, reason: reason)])
  }
}

extension NodeReader {
  /// The tensor of a `Const` node. One number repeated becomes a number and a repetition, which costs no memory.
  func constantTensor() throws -> ImportedTensor {
    guard let proto = node.attributes["value"]?.tensor else { throw ImportError.Reason.missingAttribute("value") }
    if proto.dataType == .string { return .nothing }
    guard let dtype = context.dtype(proto.dataType) else { throw ImportError.Reason.unsupportedType(proto.dataType) }
    let count = try proto.elementCount()
    let shape = proto.shape.knownDimensions ?? []
    if dtype.isInteger, count <= KnownIntegers.maximumCount {
      return .integers(KnownIntegers(dtype, shape: shape, try proto.int64s().map { Extent(Int($0)) }))
    }
    if count != 1, let uniform = try proto.uniformValue(), let scalar = uniform.literal(dtype) {
      return .value(try Value.constant(scalar, in: builder).broadcast(to: Shape(shape)))
    }
    let scalars: Literal.Scalars =
      switch dtype {
      case .float32: .float32(try proto.floats())
      case .float64: .float64(try proto.doubles())
      case .int32: .int32(try proto.int32s())
      case .int64: .int64(try proto.int64s())
      case .bool: .bool(try proto.bools())
      }
    return .value(try Value.constant(Literal(scalars, shape: shape), in: builder))
  }
}

extension TensorProtoScalar {
  /// This scalar as a constant of type `dtype`.
  fileprivate func literal(_ dtype: DType) -> Literal? {
    switch self {
    case .float(let value): Literal(Double(value), dtype)
    case .double(let value): Literal(value, dtype)
    case .int(let value): dtype == .int64 ? Literal(.int64([value]), shape: []) : Literal(Double(value), dtype)
    case .bool(let value): Literal(.bool([value]), shape: [])
    case .string: nil
    }
  }
}
