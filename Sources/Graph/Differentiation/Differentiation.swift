extension ProgramBuilder {
  /// The gradients of `loss` with respect to `parameters`: one reverse walk, which names no primitive.
  ///
  /// - Parameters:
  ///   - loss: The value to differentiate; if it has several elements, their sum.
  ///   - parameters: Values the gradient is taken with respect to.
  ///   - barriers: Values through which no gradient flows.
  /// - Returns: For each parameter its gradient, or `nil` if the loss does not depend on it.
  /// - SeeAlso: Griewank and Walther, *Evaluating Derivatives*, SIAM 2008, chapter 3.
  public func gradients(
    of loss: Value, withRespectTo parameters: [Value], cutting barriers: [Value] = []
  ) throws(ShapeError) -> [Gradient?] {
    precondition(loss.dtype.isFloatingPoint, "a gradient of \(loss.type)")
    let last = loss.number
    var depends = [Bool](repeating: false, count: last + 1)
    for parameter in parameters where parameter.number <= last { depends[parameter.number] = true }
    let cut = Set(barriers.map(\.number))
    let forward = nodes
    for node in forward where node.results.lowerBound <= last {
      guard node.operands.contains(where: { depends[$0] }) else { continue }
      for result in node.results
      where result <= last && type(of: result).dtype.isFloatingPoint && !cut.contains(result) {
        depends[result] = true
      }
    }

    var cotangents: [Int: [Cotangent]] = [:]
    if depends[last] {
      cotangents[last] = [.dense(try Value.constant(1, loss.dtype, in: self).broadcast(to: loss.shape))]
    }
    let stops = Set(parameters.map(\.number))
    for node in forward.reversed() where node.results.lowerBound <= last {
      guard node.results.contains(where: { cotangents[$0] != nil && !stops.contains($0) }) else { continue }
      label = node.label
      var incoming: [Value?] = []
      for result in node.results {
        let pieces = stops.contains(result) ? nil : cotangents.removeValue(forKey: result)
        incoming.append(try pieces.map { (pieces) throws(ShapeError) in try sum(pieces, like: type(of: result)) })
      }
      let outgoing = try node.primitive.pullback(
        incoming, node.operands.map { Value(builder: self, number: $0) },
        node.results.map { Value(builder: self, number: $0) })
      for (operand, cotangent) in zip(node.operands, outgoing) where depends[operand] {
        guard let cotangent else { continue }
        cotangents[operand, default: []].append(try conditioned(cotangent, of: operand, by: node))
      }
    }
    return try parameters.map { (parameter) throws(ShapeError) in
      guard let pieces = cotangents[parameter.number] else { return nil }
      return try gradient(pieces, like: parameter.type)
    }
  }

  /// `cotangent`, which `node` has for its operand `operand`, where the conditions hold that the node was made within
  /// and the operand was not; zero elsewhere.
  private func conditioned(
    _ cotangent: Cotangent, of operand: Int, by node: Program.Node
  ) throws(ShapeError) -> Cotangent {
    let inner = conditions(of: node.results.lowerBound)
    guard !inner.isEmpty else { return cotangent }
    let outer = conditions(of: operand)
    var cotangent = cotangent
    for condition in inner where !outer.contains(condition) {
      cotangent = try cotangent.kept(where: Value(builder: self, number: condition))
    }
    return cotangent
  }

  /// The gradient that `pieces` add up to: rows if all of them are, otherwise a tensor.
  private func gradient(_ pieces: [Cotangent], like type: TensorType) throws(ShapeError) -> Gradient {
    var indices: [Value] = []
    var values: [Value] = []
    for case .rows(let rowIndices, let rowValues) in pieces {
      indices.append(rowIndices)
      values.append(rowValues)
    }
    guard indices.count == pieces.count else { return .dense(try sum(pieces, like: type)) }
    if indices.count == 1 { return .rows(indices: indices[0], values: values[0]) }
    if Set(indices.map(\.dtype)).count > 1 {
      indices = try indices.map { (index) throws(ShapeError) in try index.cast(to: .int64) }
    }
    return .rows(
      indices: try Value.concatenating(indices, along: 0), values: try Value.concatenating(values, along: 0))
  }

  /// The tensor that `pieces` add up to. Parts are added into their place in one go.
  private func sum(_ pieces: [Cotangent], like type: TensorType) throws(ShapeError) -> Value {
    var total: Value?
    var slices: [Slice] = []
    var parts: [Value] = []
    for piece in pieces {
      let addend: Value
      switch piece {
      case .dense(let value): addend = value
      case .rows(let indices, let values): addend = try indices.scattering(values, into: type)
      case .part(let slice, let value):
        slices.append(slice)
        parts.append(value)
        continue
      }
      total = try total.map { (value) throws(ShapeError) in try value.adding(addend) } ?? addend
    }
    guard !parts.isEmpty else { return total! }
    let assembled = try apply(AssembleParts(slices: slices, type: type), parts)[0]
    return try total.map { (value) throws(ShapeError) in try value.adding(assembled) } ?? assembled
  }
}
