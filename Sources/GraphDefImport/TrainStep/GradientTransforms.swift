/// What a graph does to gradients before `train_step` applies them: it clips them by their norm, say, or adds weight
/// decay.
///
/// The nodes between the gradients and the updates are a computation like any other, with the gradients as its inputs.
/// An import feeds it with our own gradients, so that a step equals TensorFlow's.
struct GradientTransforms: Sendable {
  /// A tensor of the graph in the place of which our gradient of a parameter is used.
  struct Source: Hashable, Sendable {
    var parameter: String
    /// Whether the tensor is rows to be added up, rather than a tensor of the parameter's shape.
    var isRows: Bool
  }

  /// The tensors that our gradients stand for.
  private(set) var sources: [InputReference: Source] = [:]
  /// What `train_step` applies to each parameter whose gradient is changed before: a tensor, or rows.
  private(set) var applied: [String: InputReference] = [:]
  /// The parameters of which it is not known what happens to their gradients.
  private(set) var unknown: Set<String> = []
  /// The parameters whose gradients are wanted as tensors, also where only some of their rows are not zero.
  private(set) var tensors: Set<String> = []

  /// Nothing happens to any gradient.
  init() {}

  /// What happens in the graph of `index` to the gradients that `updates` take.
  init(_ index: GraphIndex, _ updates: [TrainStep.Update]) {
    let search = RawGradientSearch(index, named: updates.map { GraphDefImporter.gradientName(of: $0.variable) })
    tensors = Set(updates.filter(\.needsTensor).map(\.variable))
    var found: [(parameter: String, applied: InputReference, raw: InputReference)] = []
    for update in updates {
      let tensor = update.isSparse ? index.gradientValues(update.gradient) : index.behindIdentities(update.gradient)
      guard let applied = tensor, let raw = search.gradient(of: update.variable, behind: applied) else {
        unknown.insert(update.variable)
        continue
      }
      sources[raw] = Source(parameter: update.variable, isRows: update.isSparse && !search.isSumOfRows(raw))
      found.append((update.variable, applied, raw))
    }
    for (parameter, applied, raw) in found where applied != raw {
      if search.gradients(neededBy: applied, known: sources.keys).isSubset(of: sources.keys) {
        self.applied[parameter] = applied
      } else {
        unknown.insert(parameter)
      }
    }
  }
}

/// Looks for the gradients that `tf.gradients` made behind what was made of them.
private struct RawGradientSearch {
  private let index: GraphIndex
  /// What the loss is computed from.
  private let forward: Set<Int>
  /// The tensors that the graph calls gradients.
  private let named: Set<InputReference>

  init(_ index: GraphIndex, named names: [String]) {
    self.index = index
    forward = index.positions(above: GraphDefImporter.lossName)
    named = Set(names.compactMap { index.gradientValues(InputReference($0)) })
  }

  private static let gradientScopes = ["gradients", "gradient_tape"]

  /// What makes a number of a gradient, as norms do: behind it are other parameters' gradients.
  private static let reductions: Set<String> = ["L2Loss", "Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "Pack"]

  /// The gradient of `parameter` that `tensor` is made of element by element, or `nil` if that is not known.
  func gradient(of parameter: String, behind tensor: InputReference) -> InputReference? {
    let isElementwise = { (op: String) in !Self.reductions.contains(op) }
    var found = search(tensor, until: isMadeByGradients, passing: isElementwise)
    if found.isEmpty { found = search(tensor, until: named.contains, passing: isElementwise) }
    guard found.count <= 1 else { return nil }
    let raw = found.first ?? tensor
    // A node that says what the gradient is may be either of them.
    let name = GraphDefImporter.gradientName(of: parameter)
    guard let own = index.gradientValues(InputReference(name)) else { return raw }
    let isSame = [raw, tensor].contains { tensor in
      index.gradientValues(tensor).map { index.isSameComputation(own, $0) } ?? false
    }
    return isSame ? raw : nil
  }

  /// All gradients that `tensor` is computed from, `known` ones among them.
  func gradients(
    neededBy tensor: InputReference, known: Dictionary<InputReference, GradientTransforms.Source>.Keys
  ) -> Set<InputReference> {
    search(tensor, until: { known.contains($0) || isMadeByGradients($0) }, passing: { _ in true })
  }

  /// Whether `tensor` is what became of rows that were added up.
  func isSumOfRows(_ tensor: InputReference) -> Bool {
    guard let position = index.knownPosition(of: tensor.node), index.graph.nodes[position].op == "UnsortedSegmentSum",
      let rows = index.operands(of: position).first.flatMap({ index.behindIdentities($0) })
    else { return false }
    return isInGradientScope(tensor) || isInGradientScope(rows)
  }

  private func search(
    _ tensor: InputReference, until isFound: (InputReference) -> Bool, passing: (String) -> Bool
  ) -> Set<InputReference> {
    var found: Set<InputReference> = []
    var seen: Set<InputReference> = []
    var pending = [tensor]
    while let next = pending.popLast() {
      guard let tensor = index.behindIdentities(next), seen.insert(tensor).inserted,
        let position = index.knownPosition(of: tensor.node), !forward.contains(position)
      else { continue }
      if isFound(tensor) {
        found.insert(tensor)
      } else if passing(index.graph.nodes[position].op) {
        pending += index.operands(of: position)
      }
    }
    return found
  }

  private func isMadeByGradients(_ tensor: InputReference) -> Bool { isInGradientScope(tensor) || isSumOfRows(tensor) }

  /// Whether the node is in a scope that TensorFlow puts the nodes of gradients into.
  private func isInGradientScope(_ tensor: InputReference) -> Bool {
    tensor.node.split(separator: "/").dropLast().contains { component in
      // A scope whose name is taken gets a number.
      let scope = Self.gradientScopes.first { component.hasPrefix($0) }
      return scope.map { component.dropFirst($0.count).allSatisfy { $0 == "_" || $0.isNumber } } ?? false
    }
  }
}

extension TrainStep.Update {
  /// Whether it takes the gradient as a tensor, and changes elements whose gradient is zero in another way than the
  /// same rule does that takes rows.
  fileprivate var needsTensor: Bool {
    switch rule {
    case .gradientDescent, .adagrad: false
    case .adam: !isSparse && usesNesterov
    case .momentum, .ftrl, .rmsProp, .centeredRMSProp: !isSparse
    }
  }
}

extension GraphIndex {
  /// The nodes that the node `name` needs data from, and itself.
  func positions(above name: String) -> Set<Int> {
    var found: Set<Int> = []
    var pending = knownPosition(of: name).map { [$0] } ?? []
    while let position = pending.popLast() {
      guard found.insert(position).inserted else { continue }
      pending += operands(of: position).compactMap { knownPosition(of: $0.node) }
    }
    return found
  }
}

extension GraphDefImporter {
  /// What the graph does to gradients before `train_step` applies them.
  func gradientTransforms() throws(GraphImportError) -> GradientTransforms {
    try trainStep().map { GradientTransforms(index, $0.updates) } ?? GradientTransforms()
  }
}
