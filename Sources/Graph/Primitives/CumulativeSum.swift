import Kernels

/// Running sums along an axis.
public struct CumulativeSum: Primitive {
  /// The axis.
  public let axis: Int
  /// Whether an element's own value is left out of its sum.
  public let isExclusive: Bool
  /// Whether sums run from the end.
  public let isReversed: Bool

  public var name: String {
    "cumulative sum along \(axis)" + (isExclusive ? ", exclusive" : "") + (isReversed ? ", reversed" : "")
  }

  /// The operand's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype != .bool, axis >= 0, axis < operands[0].rank else {
      throw mismatch(operands, "numbers with an axis \(axis)")
    }
    return operands
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    switch x.dtype {
    case .float32:
      Reductions.cumulativeSum(
        x.scalars(Float.self), shape: x.dimensions, axis: axis, exclusive: isExclusive, reverse: isReversed,
        into: y.scalars())
    case .float64:
      Reductions.cumulativeSum(
        x.scalars(Double.self), shape: x.dimensions, axis: axis, exclusive: isExclusive, reverse: isReversed,
        into: y.scalars())
    case .int32:
      Reductions.cumulativeSum(
        x.scalars(Int32.self), shape: x.dimensions, axis: axis, exclusive: isExclusive, reverse: isReversed,
        into: y.scalars())
    case .int64:
      Reductions.cumulativeSum(
        x.scalars(Int64.self), shape: x.dimensions, axis: axis, exclusive: isExclusive, reverse: isReversed,
        into: y.scalars())
    case .bool: preconditionFailure("a sum of truth values")
    }
  }

  /// An element is part of the sums behind it: the running sum of the cotangents from the other end.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try d.cumulativeSum(along: axis, isExclusive: isExclusive, isReversed: !isReversed))]
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.keepingAxis(unless: [axis]) }
}

extension Value {
  /// Running sums along `axis`.
  public func cumulativeSum(
    along axis: Int, isExclusive: Bool = false, isReversed: Bool = false
  ) throws(ShapeError) -> Value {
    try applying(CumulativeSum(axis: axis, isExclusive: isExclusive, isReversed: isReversed))
  }
}
