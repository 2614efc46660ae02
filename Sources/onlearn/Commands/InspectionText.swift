import Graph
import GraphDefImport
import JSON
import Serve

/// Writes an inspection for people and for programs.
enum InspectionText {
  /// Lines for people.
  static func page(_ inspection: ModelInspection, program: Bool) -> String {
    var lines = ["model \(inspection.config.modelName), \(inspection.nodeCount) nodes in \(inspection.graphPath)"]
    lines.append("inputs")
    lines += inspection.inputs.map { "  \($0.name) \(type($0))" }
    lines.append("parameters (\(weights(inspection.weightCount)))")
    for parameter in inspection.parameters {
      let shape = parameter.shape.map { "\($0), \(weights(parameter.count))" } ?? "not in the graph"
      lines.append("  \(parameter.name) \(shape), \(parameter.kind.rawValue)")
      lines.append("    starts: \(parameter.initializer); train_step: \(parameter.optimizer)")
    }
    lines.append("outputs")
    lines += inspection.outputs.map { "  \($0.name) \(type($0))" }
    lines.append("operations (nodes in the graph, needed for the outputs)")
    lines += inspection.operations.map { "  \($0.op) \($0.count), \($0.needed)" }
    lines.append(
      "unsupported: \(inspection.unsupported.count) needed, \(inspection.unsupportedElsewhere) elsewhere")
    lines += inspection.unsupported.map { "  \($0.name) (\($0.op))" }
    if let plan = inspection.plan { lines += self.plan(plan) }
    lines += inspection.notices.map { "note: \($0)" }
    if program, let program = inspection.program { lines += ["program", "\(program)"] }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func weights(_ count: Int?) -> String {
    count.map { "\($0) weights" } ?? "more weights than an integer counts"
  }

  private static func type(_ tensor: ModelInspection.Tensor) -> String { tensor.type?.description ?? "of unknown type" }

  private static func plan(_ plan: Plan) -> [String] {
    [
      "plan for a batch of \(plan.batch)",
      "  floating-point operations per example: \(plan.operationCount / plan.batch)",
      "  lanes: \(plan.lanes), tile: \(plan.tile) examples, tiles: \(plan.tileCount)",
      "  arena: \(plan.arenaByteCount) bytes, instructions: \(plan.instructionCount)",
      "  nodes that need the whole batch: \(plan.wholeBatchNodes.count)",
    ] + wholeBatchNodes(plan).map { "    \($0.node) (\($0.primitive))" }
  }

  private static func wholeBatchNodes(_ plan: Plan) -> [(node: String, primitive: String)] {
    plan.wholeBatchNodes.map { (plan.program.nodes[$0].label, plan.program.nodes[$0].primitive.name) }
  }

  /// One JSON object.
  static func object(_ inspection: ModelInspection, program: Bool) -> String {
    var object = ObjectText()
    object.add("model", inspection.config.modelName)
    object.add("graph", inspection.graphPath)
    object.add("nodes", inspection.nodeCount)
    object.add("inputs", inspection.inputs.map(Self.object))
    object.add("parameters", inspection.parameters.map(Self.object))
    object.add("weights", orNull: inspection.weightCount)
    object.add("outputs", inspection.outputs.map(Self.object))
    object.add("operations", inspection.operations.map(Self.object))
    object.add("unsupported", inspection.unsupported.map(Self.object))
    object.add("unsupported_elsewhere", inspection.unsupportedElsewhere)
    object.add("plan", orNull: inspection.plan.map { Self.object($0) })
    object.add("notices", inspection.notices)
    if program, let program = inspection.program { object.add("program", "\(program)") }
    return object.text + "\n"
  }

  private static func object(_ tensor: ModelInspection.Tensor) -> ObjectText {
    var object = ObjectText()
    object.add("name", tensor.name)
    object.add("dtype", orNull: tensor.type?.dtype.description)
    object.add("shape", orNull: tensor.type.map { list($0.shape) })
    return object
  }

  /// The extents: numbers, or text for those that depend on the batch.
  private static func list(_ shape: Shape) -> ListText {
    var list = ListText()
    for extent in shape.extents {
      if let constant = extent.constant { list.append(constant) } else { list.append(extent.description) }
    }
    return list
  }

  private static func object(_ parameter: ModelInspection.Parameter) -> ObjectText {
    var object = ObjectText()
    object.add("name", parameter.name)
    object.add("shape", orNull: parameter.shape)
    object.add("count", orNull: parameter.count)
    object.add("kind", parameter.kind.rawValue)
    object.add("initializer", parameter.initializer)
    object.add("optimizer", parameter.optimizer)
    return object
  }

  private static func object(_ unsupported: ModelInspection.UnsupportedNode) -> ObjectText {
    var object = ObjectText()
    object.add("node", unsupported.name)
    object.add("op", unsupported.op)
    return object
  }

  private static func object(_ operation: ModelInspection.Operation) -> ObjectText {
    var object = ObjectText()
    object.add("op", operation.op)
    object.add("count", operation.count)
    object.add("needed", operation.needed)
    return object
  }

  private static func object(_ plan: Plan) -> ObjectText {
    var object = ObjectText()
    object.add("batch", plan.batch)
    object.add("flops_per_example", plan.operationCount / plan.batch)
    object.add("lanes", plan.lanes)
    object.add("tile", plan.tile)
    object.add("tiles", plan.tileCount)
    object.add("arena_bytes", plan.arenaByteCount)
    object.add("instructions", plan.instructionCount)
    object.add(
      "whole_batch",
      wholeBatchNodes(plan).map { pair -> ObjectText in
        var node = ObjectText()
        node.add("node", pair.node)
        node.add("primitive", pair.primitive)
        return node
      })
    return object
  }
}
