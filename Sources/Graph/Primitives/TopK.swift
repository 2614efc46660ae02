public import Kernels

/// The largest elements along the last axis, largest first, and where they are; of equal ones the first comes first.
///
/// NaN is larger than any number, so that it shows. TensorFlow's order depends on where NaN stands.
public struct TopK: Primitive {
  /// How many.
  public let count: Int

  public var name: String { "top \(count)" }

  /// `[…, n] → […, count], int32[…, count]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    let x = operands[0]
    guard x.rank >= 1, x.dtype != .bool, let columns = x.shape[x.rank - 1].constant, (0...columns).contains(count)
    else {
      throw mismatch(operands, "numbers, at least \(count) along the last axis")
    }
    let values = x.with(x.shape.replacing(axis: x.rank - 1, with: Extent(count)))
    return [values, values.with(.int32)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: find(Float.self, operands[0], results)
    case .float64: find(Double.self, operands[0], results)
    case .int32: find(Int32.self, operands[0], results)
    case .int64: find(Int64.self, operands[0], results)
    case .bool: preconditionFailure("the largest of truth values")
    }
  }

  /// Insertion into a sorted list of `count` elements, in place: a row costs its elements times how many are inserted.
  private func find<Scalar: TensorScalar & Comparable>(_: Scalar.Type, _ x: TensorView, _ results: TensorViews) {
    let (source, values) = (x.scalars(Scalar.self), results[0].scalars(Scalar.self))
    let places = results[1].scalars(Int32.self)
    let columns = x.dimensions[x.dimensions.rank - 1]
    guard count > 0, columns > 0 else { return }
    for row in 0..<source.count / columns {
      let first = row * count
      var found = 0
      for column in 0..<columns {
        let value = source[row * columns + column]
        if found == count, !Self.isLarger(value, values[first + count - 1]) { continue }
        var place = min(found, count - 1)
        while place > 0, Self.isLarger(value, values[first + place - 1]) {
          values[first + place] = values[first + place - 1]
          places[first + place] = places[first + place - 1]
          place -= 1
        }
        values[first + place] = value
        places[first + place] = Int32(column)
        found = min(found + 1, count)
      }
    }
  }

  @inline(always) private static func isLarger<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool {
    // Only NaN is not equal to itself.
    a > b || (a != a && b == b)
  }

  /// Each of the largest elements has its cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    let last = operands[0].shape.rank - 1
    let scatter = Scatter(type: operands[0].type, axis: last, sharedAxes: last)
    return [.dense(try results[1].applying(scatter, d))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.keepingAxis(unless: [application.operands[0].rank - 1])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[0].count }
}

extension Value {
  /// The `count` largest elements along the last axis, largest first, and where they are.
  public func largest(_ count: Int) throws(ShapeError) -> (values: Value, indices: Value) {
    let results = try builder.apply(TopK(count: count), [self])
    return (results[0], results[1])
  }
}
