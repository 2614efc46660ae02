/// Reads what `train_step` does: everything that runs with it, by data or by order, and what of that changes variables.
struct TrainStepReader {
  let index: GraphIndex
  let parameters: Set<String>
  /// The nodes that change each variable, in the order of the graph.
  let changes: [String: [Int]]
  private let counters: [String: TrainStep.Counter]
  private let parameterOrder: [String]

  /// A reader of the node `train_step` at `root` for the parameters `dense`.
  init(_ index: GraphIndex, root: Int, dense: [String]) throws(GraphImportError) {
    self.index = index
    parameters = Set(dense)
    parameterOrder = dense
    var changes: [String: [Int]] = [:]
    for position in try Self.reached(from: root, index).sorted() {
      guard UpdateOperation.changesVariable(index.graph.nodes[position].op),
        let target = index.operands(of: position).first, let variable = index.variable(readBy: target)
      else { continue }
      changes[variable, default: []].append(position)
    }
    self.changes = changes
    var counters: [String: TrainStep.Counter] = [:]
    for (variable, positions) in changes where positions.count == 1 && !dense.contains(variable) {
      guard ["AssignAdd", "AssignAddVariableOp"].contains(index.graph.nodes[positions[0]].op),
        let increment = index.scalarConstant(index.operands(of: positions[0]).last)
      else { continue }
      counters[variable] = TrainStep.Counter(variable, increment: increment)
    }
    self.counters = counters
  }

  /// The nodes that run with `root`.
  private static func reached(from root: Int, _ index: GraphIndex) throws(GraphImportError) -> Set<Int> {
    var reached: Set<Int> = [root]
    var pending = [root]
    while let position = pending.popLast() {
      for input in index.allInputs(of: position) {
        let source = try index.position(of: input.node, neededBy: index.graph.nodes[position].name)
        if reached.insert(source).inserted { pending.append(source) }
      }
    }
    return reached
  }

  func read() -> TrainStep {
    var step = TrainStep()
    step.counters = counters.values.sorted { $0.variable < $1.variable }
    for variable in parameterOrder {
      guard let positions = changes[variable] else { continue }
      do throws(TrainStepProblem) {
        step.updates.append(try update(of: variable, by: positions))
      } catch {
        step.problems.append(error)
      }
    }
    step.averages = averages(besides: Set(step.updates.flatMap(\.slots.values)))
    let unknown = GradientTransforms(index, step.updates).unknown
    for number in step.updates.indices {
      step.updates[number].appliesOtherGradient = unknown.contains(step.updates[number].variable)
    }
    return step
  }

  /// The variables that are neither parameters nor slots of rules, and are changed by what depends on data.
  private func averages(besides slots: Set<String>) -> [String] {
    let names = changes.keys.filter { !parameters.contains($0) && !slots.contains($0) && counters[$0] == nil }
    return names.sorted().filter { name in
      changes[name]!.contains { position in
        index.operands(of: position).dropFirst().contains { operand in
          switch source(of: operand).obstacle {
          case .placeholder, .parameter: true
          case .changingVariable, nil: false
          }
        }
      }
    }
  }

  private func update(of variable: String, by positions: [Int]) throws(TrainStepProblem) -> TrainStep.Update {
    let node = index.graph.nodes[positions[0]]
    func problem(_ reason: TrainStepProblem.Reason) -> TrainStepProblem {
      TrainStepProblem(variable: variable, node: node.name, op: node.op, reason: reason)
    }
    guard positions.count == 1 else {
      throw problem(.severalNodes(positions.map { index.graph.nodes[$0].name }))
    }
    let operands = index.operands(of: positions[0])
    if let (name, isSparse) = UpdateOperation.parse(node.op) {
      guard let operation = UpdateOperation.all[name] else { throw problem(.unknownOperation) }
      for flag in UpdateOperation.supportedFlags {
        if let found = node.attributes[flag.name]?.bool, found != flag.value {
          throw problem(.attribute(flag.name, found: "\(found)", expected: "\(flag.value)"))
        }
      }
      let expected = 1 + operation.operands.count + (isSparse ? 1 : 0)
      guard operands.count == expected else {
        throw problem(.operandCount(expected: expected, found: operands.count))
      }
      return try update(variable, node, operation, operands.dropFirst(), isSparse: isSparse, problem)
    }
    guard let update = recognised(variable, node, operands) else { throw problem(.unknownRule) }
    return update
  }

  /// The update by one of TensorFlow's own operations.
  private func update(
    _ variable: String, _ node: NodeDef, _ operation: UpdateOperation, _ operands: ArraySlice<InputReference>,
    isSparse: Bool, _ problem: (TrainStepProblem.Reason) -> TrainStepProblem
  ) throws(TrainStepProblem) -> TrainStep.Update {
    var update = TrainStep.Update(
      variable: variable, node: node.name, rule: operation.rule, isSparse: isSparse, gradient: operands.last!)
    update.usesNesterov = node.attributes["use_nesterov"]?.bool ?? false
    var rest = operands
    for operand in operation.operands {
      let reference = rest.removeFirst()
      switch operand {
      case .slot(let slot):
        guard let name = index.variable(readBy: reference) else { throw problem(.slot(reference.description)) }
        update.slots[slot] = name
      case .hyperparameter(let hyperparameter): update.hyperparameters[hyperparameter] = source(of: reference)
      case .gradient:
        update.gradient = reference
        if isSparse { rest.removeFirst() }
      case .power: break
      }
    }
    return update
  }

  /// What `tensor` is computed from, predicates of conditionals included. Of several obstacles one is named.
  func source(of tensor: InputReference) -> TrainStep.Source {
    var variables: Set<String> = []
    var seen: Set<String> = []
    var pending = [tensor.node]
    while let name = pending.popLast() {
      guard seen.insert(name).inserted, let position = index.knownPosition(of: name) else { continue }
      let node = index.graph.nodes[position]
      let obstacle: TrainStep.Obstacle?
      if GraphImport.isPlaceholder(node) {
        obstacle = .placeholder(name)
      } else if !GraphImport.isVariable(node) {
        obstacle = nil
        // The branches of a conditional may be constants: then only the predicate tells that its result changes.
        pending += index.neededInputs(of: position, cutting: []).map(\.node)
      } else if parameters.contains(name) {
        obstacle = .parameter(name)
      } else {
        obstacle = changes[name] == nil || counters[name] != nil ? nil : .changingVariable(name)
        variables.insert(name)
      }
      if let obstacle { return TrainStep.Source(tensor, variables: variables.sorted(), obstacle: obstacle) }
    }
    return TrainStep.Source(tensor, variables: variables.sorted())
  }
}

extension GraphDefImporter {
  /// What the node `train_step` does, or `nil` if the graph has none.
  ///
  /// - Complexity: O(nodes that run with it).
  public func trainStep() throws(GraphImportError) -> TrainStep? {
    guard let root = index.knownPosition(of: TrainStep.name) else { return nil }
    return try TrainStepReader(index, root: root, dense: config.dense).read()
  }
}
