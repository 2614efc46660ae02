import Graph
import GraphDefImport
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
    var object = JSONText()
    object.add("model", inspection.config.modelName)
    object.add("graph", inspection.graphPath)
    object.add("nodes", inspection.nodeCount)
    object.add("inputs", raw: list(inspection.inputs.map(Self.object)))
    object.add("parameters", raw: list(inspection.parameters.map(Self.object)))
    object.add("weights", raw: count(inspection.weightCount))
    object.add("outputs", raw: list(inspection.outputs.map(Self.object)))
    object.add("operations", raw: list(inspection.operations.map(Self.object)))
    object.add(
      "unsupported",
      raw: list(
        inspection.unsupported.map {
          var node = JSONText()
          node.add("node", $0.name)
          node.add("op", $0.op)
          return node
        }))
    object.add("unsupported_elsewhere", inspection.unsupportedElsewhere)
    if let plan = inspection.plan { object.add("plan", Self.object(plan)) } else { object.add("plan", raw: "null") }
    object.add("notices", raw: "[" + inspection.notices.map(quoted).joined(separator: ", ") + "]")
    if program, let program = inspection.program { object.add("program", "\(program)") }
    return object.text + "\n"
  }

  /// A number of weights; null is one that does not fit an integer.
  private static func count(_ count: Int?) -> String { count.map { "\($0)" } ?? "null" }

  private static func list(_ objects: [JSONText]) -> String {
    "[" + objects.map(\.text).joined(separator: ", ") + "]"
  }

  /// `text` as a JSON string: the value of an object that has nothing else.
  private static func quoted(_ text: String) -> String {
    var object = JSONText()
    object.add("", text)
    return String(object.text.dropFirst(5).dropLast())
  }

  private static func object(_ tensor: ModelInspection.Tensor) -> JSONText {
    var object = JSONText()
    object.add("name", tensor.name)
    if let type = tensor.type {
      object.add("dtype", type.dtype.description)
      let extents = type.shape.extents.map { $0.constant.map(String.init) ?? quoted($0.description) }
      object.add("shape", raw: "[" + extents.joined(separator: ", ") + "]")
    } else {
      object.add("dtype", raw: "null")
      object.add("shape", raw: "null")
    }
    return object
  }

  private static func object(_ parameter: ModelInspection.Parameter) -> JSONText {
    var object = JSONText()
    object.add("name", parameter.name)
    object.add("shape", raw: parameter.shape.map { "\($0)" } ?? "null")
    object.add("count", raw: count(parameter.count))
    object.add("kind", parameter.kind.rawValue)
    object.add("initializer", parameter.initializer)
    object.add("optimizer", parameter.optimizer)
    return object
  }

  private static func object(_ operation: ModelInspection.Operation) -> JSONText {
    var object = JSONText()
    object.add("op", operation.op)
    object.add("count", operation.count)
    object.add("needed", operation.needed)
    return object
  }

  private static func object(_ plan: Plan) -> JSONText {
    var object = JSONText()
    object.add("batch", plan.batch)
    object.add("flops_per_example", plan.operationCount / plan.batch)
    object.add("lanes", plan.lanes)
    object.add("tile", plan.tile)
    object.add("tiles", plan.tileCount)
    object.add("arena_bytes", plan.arenaByteCount)
    object.add("instructions", plan.instructionCount)
    object.add(
      "whole_batch",
      raw: list(
        wholeBatchNodes(plan).map {
          var node = JSONText()
          node.add("node", $0.node)
          node.add("primitive", $0.primitive)
          return node
        }))
    return object
  }
}
