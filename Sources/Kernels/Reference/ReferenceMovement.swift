/// Rearrangements by their definition: a loop over the places of the result that looks each element up.
package enum ReferenceMovement {
  /// Every place of an array of shape `shape`, in row-major order.
  package static func places(of shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { places, extent in places.flatMap { place in (0..<extent).map { place + [$0] } } }
  }

  /// The row-major offset of `place` in an array of shape `shape`.
  package static func offset(_ place: [Int], in shape: [Int]) -> Int {
    zip(place, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// The array of shape `shape` whose element at each place is `element` of it.
  package static func build<Scalar>(_ shape: [Int], _ element: ([Int]) -> Scalar) -> [Scalar] {
    places(of: shape).map(element)
  }

  /// Axis `i` of the result is axis `permutation[i]` of `x`.
  package static func transpose<Scalar>(_ x: [Scalar], shape: [Int], permutation: [Int]) -> [Scalar] {
    build(permutation.map { shape[$0] }) { place in
      var source = place
      for (axis, from) in permutation.enumerated() { source[from] = place[axis] }
      return x[offset(source, in: shape)]
    }
  }

  /// `x` repeated to the shape `target`.
  package static func broadcast<Scalar>(_ x: [Scalar], shape: [Int], to target: [Int]) -> [Scalar] {
    build(target) { place in
      let source = zip(place.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }
      return x[offset(source, in: shape)]
    }
  }

  /// `x` repeated `multiples` times along each axis.
  package static func tile<Scalar>(_ x: [Scalar], shape: [Int], multiples: [Int]) -> [Scalar] {
    build(zip(shape, multiples).map(*)) { place in x[offset(zip(place, shape).map(%), in: shape)] }
  }

  /// The elements of `x` at `begin + i * steps`; steps may be negative.
  package static func slice<Scalar>(
    _ x: [Scalar], shape: [Int], begin: [Int], steps: [Int], target: [Int]
  ) -> [Scalar] {
    build(target) { place in x[offset(place.indices.map { begin[$0] + place[$0] * steps[$0] }, in: shape)] }
  }

  /// `x` with `before` elements of `value` in front of it, in an array of shape `target`.
  package static func pad<Scalar>(
    _ x: [Scalar], shape: [Int], before: [Int], with value: Scalar, target: [Int]
  ) -> [Scalar] {
    build(target) { place in
      let source = zip(place, before).map(-)
      let isInside = zip(source, shape).allSatisfy { $0 >= 0 && $0 < $1 }
      return isInside ? x[offset(source, in: shape)] : value
    }
  }
}
