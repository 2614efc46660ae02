/// One application of a primitive, seen by the analysis that divides a batch.
public struct BatchedApplication: Sendable {
  /// For each operand the axis along which its examples lie, or `nil` if it is the same for every range of examples.
  public var axes: [Int?]
  /// The operands' types.
  public var operands: [TensorType]
  /// The results' types.
  public var results: [TensorType]

  /// The application with these types, whose operands' examples lie along `axes`.
  public init(axes: [Int?], operands: [TensorType], results: [TensorType]) {
    self.axes = axes
    self.operands = operands
    self.results = results
  }
}

/// What becomes of the batch when a primitive is applied to a range of its examples at a time.
public enum Batching: Hashable, Sendable {
  /// The results are the same range of the whole result: its examples lie along this axis of each result.
  case perExample([Int])
  /// The results for ranges add up to the whole result.
  case sums
  /// The primitive has to see the whole batch at once.
  case whole
}

extension BatchedApplication {
  /// The rule of elementwise primitives with broadcasting: operands aligned at their last axis, all batched along the same.
  var elementwise: Batching {
    let rank = results[0].rank
    var found: Int?
    for (operand, axis) in zip(operands, axes) {
      guard let axis else { continue }
      let aligned = axis + rank - operand.rank
      guard found == nil || found == aligned else { return .whole }
      found = aligned
    }
    guard let found else { return .whole }
    // An operand that is not batched must be the same for every example.
    for (operand, axis) in zip(operands, axes) where axis == nil {
      let own = found - (rank - operand.rank)
      guard own < 0 || operand.shape[own] == 1 else { return .whole }
    }
    return .perExample(results.map { _ in found })
  }

  /// The rule of primitives with one operand whose examples stay along the same axis, which must not be one of `axes`.
  func keepingAxis(unless axes: [Int] = []) -> Batching {
    guard let axis = self.axes[0], !axes.contains(axis) else { return .whole }
    return .perExample(results.map { _ in axis })
  }
}
