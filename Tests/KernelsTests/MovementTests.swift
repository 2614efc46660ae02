import Kernels
import Testing

@Suite struct `Moving scalars` {
  private func ramp<Scalar: BinaryInteger>(_ shape: [Int], _ type: Scalar.Type = Int32.self) -> [Scalar] {
    (0..<shape.reduce(1, *)).map { Scalar(truncatingIfNeeded: $0 + 1) }
  }

  private func moved<Scalar: BitwiseCopyable>(
    _ x: [Scalar], into count: Int, filled: Scalar, _ body: (MemoryView<Scalar>, MemoryView<Scalar>) -> Void
  ) -> [Scalar] {
    var (x, y) = (x, [Scalar](repeating: filled, count: count))
    x.withMemoryView { x in y.withMemoryView { y in body(x, y) } }
    return y
  }

  @Test(arguments: [
    ([3, 4], [1, 0]), ([70, 33], [1, 0]), ([2, 39, 16], [0, 2, 1]), ([2, 3, 4, 5], [0, 2, 1, 3]),
    ([2, 3, 4, 5], [3, 2, 1, 0]), ([5], [0]), ([], []), ([2, 0, 3], [2, 0, 1]), ([3, 1, 17, 18], [3, 2, 0, 1]),
    ([2, 1, 2, 3, 2, 2, 1, 3], [7, 3, 1, 0, 2, 6, 5, 4]),
  ]) func `transposes any axes`(_ shape: [Int], _ permutation: [Int]) {
    let x = ramp(shape)
    let y = moved(x, into: x.count, filled: 0) { x, y in
      Movement.transpose(x, shape: Dimensions(shape), permutation: Dimensions(permutation), into: y)
    }
    #expect(y == ReferenceMovement.transpose(x, shape: shape, permutation: permutation))
    let bytes = ramp(shape, UInt8.self)
    let z = moved(bytes, into: x.count, filled: 0) { x, y in
      Movement.transpose(x, shape: Dimensions(shape), permutation: Dimensions(permutation), into: y)
    }
    #expect(z == ReferenceMovement.transpose(bytes, shape: shape, permutation: permutation))
  }

  @Test(arguments: [
    ([1, 4], [3, 4]), ([3, 1], [3, 4]), ([4], [2, 3, 4]), ([], [2, 2]), ([2, 1, 3], [2, 5, 3]),
    ([1, 3, 1], [2, 3, 4]),
    ([0, 1], [0, 3]), ([1], [0]),
  ]) func `broadcasts`(_ shape: [Int], _ target: [Int]) {
    let x = ramp(shape, Int64.self)
    let y = moved(x, into: target.reduce(1, *), filled: 0) { x, y in
      Movement.broadcast(x, shape: Dimensions(shape), into: y, shape: Dimensions(target))
    }
    #expect(y == ReferenceMovement.broadcast(x, shape: shape, to: target))
  }

  @Test(arguments: [([2, 3], [2, 2]), ([3], [4]), ([2, 1, 3], [1, 5, 2]), ([2, 2], [0, 1]), ([1, 1], [3, 3])])
  func `tiles`(_ shape: [Int], _ multiples: [Int]) {
    let x = ramp(shape)
    let y = moved(x, into: zip(shape, multiples).map(*).reduce(1, *), filled: 0) { x, y in
      Movement.tile(x, shape: Dimensions(shape), multiples: Dimensions(multiples), into: y)
    }
    #expect(y == ReferenceMovement.tile(x, shape: shape, multiples: multiples))
  }

  @Test func `pads`() {
    let x = ramp([2, 3])
    let y = moved(x, into: 24, filled: 0) { x, y in
      Movement.pad(x, shape: [2, 3], before: [1, 2], with: -7, into: y, shape: [4, 6])
    }
    #expect(y == ReferenceMovement.pad(x, shape: [2, 3], before: [1, 2], with: -7, target: [4, 6]))
  }

  struct Cut: Sendable {
    var (shape, begin, steps, target) = ([Int](), [Int](), [Int](), [Int]())
    static let all = [
      Cut(shape: [5, 6], begin: [1, 2], steps: [1, 1], target: [3, 4]),
      Cut(shape: [5, 6], begin: [4, 5], steps: [-1, -2], target: [5, 3]),
      Cut(shape: [5, 6], begin: [0, 0], steps: [2, 5], target: [3, 2]),
      Cut(shape: [4, 3, 5], begin: [3, 0, 4], steps: [-3, 1, -1], target: [2, 3, 5]),
      Cut(shape: [4, 39, 16], begin: [0, 7, 0], steps: [1, 1, 1], target: [4, 1, 16]),
      Cut(shape: [4, 3], begin: [0, 3], steps: [1, 1], target: [4, 0]),
      Cut(shape: [], begin: [], steps: [], target: []),
    ]
    var backwards: AxisSet { AxisSet(axes: steps.indices.filter { steps[$0] < 0 }) }
    var strides: Dimensions { Dimensions(steps.map(abs)) }
  }

  @Test(arguments: Cut.all) func `cuts slices and adds to them`(_ cut: Cut) {
    let x = ramp(cut.shape).map { Float($0) }
    let (shape, target, begin) = (Dimensions(cut.shape), Dimensions(cut.target), Dimensions(cut.begin))
    let count = target.count
    let y = moved(x, into: count, filled: 0) { x, y in
      Movement.slice(
        x, shape: shape, begin: begin, steps: cut.strides, backwards: cut.backwards, into: y, shape: target)
    }
    #expect(
      y == ReferenceMovement.slice(x, shape: cut.shape, begin: cut.begin, steps: cut.steps, target: cut.target))
    var expected = [Float](repeating: 0, count: x.count)
    for (index, place) in ReferenceMovement.places(of: cut.target).enumerated() {
      let source = place.indices.map { cut.begin[$0] + place[$0] * cut.steps[$0] }
      expected[ReferenceMovement.offset(source, in: cut.shape)] = y[index]
    }
    let added = moved(y, into: x.count, filled: 0) { y, whole in
      for _ in 0..<2 {
        Movement.sliceAdd(
          y, shape: target, into: whole, shape: shape, begin: begin, steps: cut.strides, backwards: cut.backwards)
      }
    }
    #expect(added == expected.map { $0 * 2 })
  }

  @Test func `concatenates along any axis`() {
    let (a, b) = (ramp([2, 3, 2]), ramp([2, 1, 2]))
    var y = [Int32](repeating: 0, count: 16)
    y.withMemoryView { y in
      var (a, b) = (a, b)
      a.withMemoryView { Movement.concat($0, shape: [2, 3, 2], axis: 1, at: 0, into: y, extent: 4) }
      b.withMemoryView { Movement.concat($0, shape: [2, 1, 2], axis: 1, at: 3, into: y, extent: 4) }
    }
    #expect(y == [1, 2, 3, 4, 5, 6, 1, 2, 7, 8, 9, 10, 11, 12, 3, 4])
  }
}
