import Graph
import GraphDefImport
import Parameters

/// Finds out what a ``ModelInspection`` holds; what does not work becomes a notice.
struct InspectionReader {
  private(set) var notices: [String] = []
  private let importer: GraphDefImporter
  private let roots: [String]
  private let needed: [NodeDef]

  private var config: ModelConfig { importer.config }

  init(_ graph: GraphDef, config: ModelConfig) throws {
    importer = try GraphDefImporter(graph, config: config)
    var wanted: [String] = []
    for name in [GraphDefImporter.logitsName, GraphDefImporter.lossName] + config.observe where !wanted.contains(name) {
      wanted.append(name)
    }
    var roots: [String] = []
    for name in wanted {
      do {
        _ = try importer.nodes(neededFor: [name])
        roots.append(name)
      } catch {
        notices.append("\(error)")
      }
    }
    self.roots = roots
    needed = (try? importer.nodes(neededFor: roots)) ?? []
  }

  private func type(of name: String) -> TensorType? {
    let program = try? importer.program(GraphDefImporter.Request(fetches: [name]))
    return program?.type(ofOutput: name)
  }

  /// The placeholders that are needed.
  mutating func inputs() -> [ModelInspection.Tensor] {
    let inputs = needed.filter { $0.op == "Placeholder" || $0.op == "PlaceholderV2" }
      .map { ModelInspection.Tensor(name: $0.name, type: type(of: $0.name)) }
      .sorted { $0.name < $1.name }
    for input in inputs where ![GraphDefImporter.inputName, GraphDefImporter.labelsName].contains(input.name) {
      notices.append("\(ModelError.unknownInput(name: input.name)); it can be run and checked, but not trained")
    }
    return inputs
  }

  /// What is asked of a model.
  func outputs() -> [ModelInspection.Tensor] {
    roots.map { ModelInspection.Tensor(name: $0, type: type(of: $0)) }
  }

  /// The operations, in alphabetical order.
  func operations() -> [ModelInspection.Operation] {
    var counts: [String: ModelInspection.Operation] = [:]
    for node in importer.graph.nodes {
      counts[node.op, default: ModelInspection.Operation(op: node.op, count: 0, needed: 0)].count += 1
    }
    for node in needed { counts[node.op]?.needed += 1 }
    return counts.values.sorted { $0.op < $1.op }
  }

  /// The needed nodes that cannot be imported.
  func unsupported() -> [ModelInspection.UnsupportedNode] {
    needed.filter { !GraphDefImporter.isSupported($0.op) }
      .map { ModelInspection.UnsupportedNode(name: $0.name, op: $0.op) }
      .sorted { $0.name < $1.name }
  }

  /// How many other nodes cannot be imported; those that train a parameter by a known rule need not be.
  func unsupportedElsewhere() -> Int {
    var known = Set(needed.map(\.name))
    if let trainStep = try? importer.trainStep() { known.formUnion(trainStep.updates.map(\.node)) }
    return importer.graph.nodes.count { !known.contains($0.name) && !GraphDefImporter.isSupported($0.op) }
  }

  /// The program that training runs, or `nil` if the graph cannot be imported.
  mutating func program() -> Program? {
    guard roots.contains(GraphDefImporter.lossName), needed.allSatisfy({ GraphDefImporter.isSupported($0.op) }) else {
      return nil
    }
    var request = GraphDefImporter.Request(fetches: roots)
    request.gradients = config.dense
    request.appliesGradientTransforms = true
    do {
      let program = try importer.program(request)
      if program.predictsNumbers(config) {
        notices.append("the loss takes the logits as they are, as a regression's does: scores are the logits")
      }
      var scoring = GraphDefImporter.Request(fetches: [GraphDefImporter.logitsName])
      scoring.isScoring = true
      if let program = try? importer.program(scoring) { notices += program.scoringNotices }
      return program
    } catch {
      notices.append("\(error)")
      return nil
    }
  }

  /// The plan of `program`, or `nil` if there is none at this batch size.
  mutating func plan(_ program: Program?, batch: Int, lanes: Int) -> Plan? {
    guard let program else { return nil }
    do {
      return try Plan(program, batch: batch, options: Plan.Options(lanes: lanes))
    } catch {
      notices.append("\(error)")
      return nil
    }
  }

  /// The parameters; how they are read is known from `program`.
  mutating func parameters(_ program: Program?) -> [ModelInspection.Parameter] {
    let optimizers = optimizers(program)
    let reader = InitialValueReader(importer, seed: 0)
    return config.dense.map { name in
      var shape: [Int]?
      do { shape = try importer.variableType(name).shape.constant } catch { notices.append("\(error)") }
      let kind: ModelInspection.Parameter.Kind =
        program.map { $0.gradient(of: name)?.isRows == true ? .table : .dense } ?? .unknown
      return ModelInspection.Parameter(
        name: name, shape: shape, kind: kind, initializer: initializer(of: name, reader),
        optimizer: optimizers[name] ?? "unknown")
    }
  }

  private func initializer(of name: String, _ reader: InitialValueReader) -> String {
    guard let node = importer.initializer(of: name) else { return "none in the graph" }
    guard let values = try? reader.initialValues(ofParameter: name) else { return "computed by '\(node)'" }
    return switch values {
    case .zeros: "zeros"
    case .constant(let value): "constant \(value)"
    case .uniform(let low, let high, _, _): "uniform from \(low) to \(high)"
    case .normal(let mean, let deviation, _, _): "normal, mean \(mean), deviation \(deviation)"
    case .truncatedNormal(let mean, let deviation, _, _):
      "truncated normal, mean \(mean), deviation \(deviation)"
    }
  }

  /// By parameter, what `train_step` trains it with.
  private mutating func optimizers(_ program: Program?) -> [String: String] {
    do {
      let choice = try OptimizerChoice(importer, options: OptimizerChoice.Options(.twin))
      notices += choice.notices
      guard choice.trainStep != nil else { return [:] }
      var result: [String: String] = [:]
      for (name, optimizer) in zip(config.dense, choice.optimizers) {
        result[name] = choice.frozen.contains(name) ? "frozen" : "\(optimizer)"
        if case .adam = optimizer.rule, program?.gradient(of: name)?.isRows == true {
          notices.append(
            "Adam changes all rows of the table '\(name)' in every step; a parameter server offers lazy_adam only, "
              + "which changes the rows of the batch")
        }
      }
      if choice.isScheduled { notices.append("the learning rate changes from step to step") }
      return result
    } catch {
      notices.append("\(error)")
      return [:]
    }
  }
}
