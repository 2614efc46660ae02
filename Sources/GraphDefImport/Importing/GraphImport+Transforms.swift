import Graph

/// What becomes of gradients between the loss and the updates.
extension GraphImport {
  /// The nodes that make what `train_step` applies of gradients, each behind those it needs.
  func order(of transforms: GradientTransforms) throws(GraphImportError) -> [Int] {
    var (roots, sources): ([Int], Set<Int>) = ([], cuts)
    for parameter in request.gradients {
      if let applied = transforms.applied[parameter] { roots.append(try index.position(of: applied.node)) }
    }
    for source in transforms.sources.keys { sources.insert(try index.position(of: source.node)) }
    return try index.order(from: roots, cutting: sources).filter { !sources.contains($0) }
  }

  /// Lets our gradients take the place of the graph's in what `transforms` does with them.
  mutating func feed(
    _ gradients: [(name: String, gradient: Gradient?)], to transforms: GradientTransforms
  ) throws(GraphImportError) {
    guard !transforms.applied.isEmpty else { return }
    for (tensor, source) in transforms.sources {
      guard let found = gradients.first(where: { $0.name == source.parameter }) else { continue }
      let node = index.graph.nodes[try index.position(of: tensor.node)]
      switch found.gradient {
      case .rows(_, let values) where source.isRows: fed[tensor] = values
      case .dense, nil:
        guard !source.isRows else {
          throw .nodes([
            ImportError(node: node.name, op: node.op, reason: .other("it is rows, but the gradient is not"))
          ])
        }
        fed[tensor] = try dense(found)
      case .rows: fed[tensor] = try dense(found)
      }
    }
  }

  /// Replaces gradients by what `train_step` applies instead, and rows by tensors where its rule wants one.
  func apply(
    _ transforms: GradientTransforms, to gradients: inout [(name: String, gradient: Gradient?)]
  ) throws(GraphImportError) {
    let rowParameters = Set(transforms.sources.values.filter(\.isRows).map(\.parameter))
    for (number, found) in gradients.enumerated() {
      guard let applied = transforms.applied[found.name] else {
        if transforms.tensors.contains(found.name) { gradients[number].gradient = .dense(try dense(found)) }
        continue
      }
      let value = try value(of: applied)
      // A tensor may by chance have as many rows as are gathered.
      if rowParameters.contains(found.name), case .rows(let indices, let values) = found.gradient,
        value.type == values.type
      {
        gradients[number].gradient = .rows(indices: indices, values: value)
      } else {
        let node = index.graph.nodes[try index.position(of: applied.node)]
        gradients[number].gradient = try importing(node) {
          guard let type = initialValue(of: found.name)?.type, value.type == type else {
            throw ImportError.Reason.other("it is applied to '\(found.name)', but is \(value.type)")
          }
          return .dense(value)
        }
      }
    }
  }
}
