import Kernels
import Testing

@Suite struct `Kernels that select` {
  @Test(arguments: UInt64(0)..<60)
  func `broadcasts all three operands`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 4, extent: 6)
    let shapes = (0..<3).map { seed % 4 == UInt64($0) ? generator.operand(of: shape) : shape }
    let count = shape.reduce(1, *)
    var condition = (0..<shapes[0].reduce(1, *)).map { _ in Bool.random(using: &generator) }
    let a = generator.floats(shapes[1].reduce(1, *))
    let b = generator.floats(shapes[2].reduce(1, *))
    let d = condition.withMemoryView { condition in
      computed(a, b, count, Float(0)) {
        Selection.select(
          condition, Dimensions(shapes[0]), $0, Dimensions(shapes[1]), $1, Dimensions(shapes[2]), into: $2,
          Dimensions(shape))
      }
    }
    for position in 0..<count {
      let places = shapes.map { broadcastPosition(position, of: shape, in: $0) }
      #expect(d[position] == (condition[places[0]] ? a[places[1]] : b[places[2]]))
    }
  }

  @Test func `may write over an operand`() {
    var (condition, a) = ([true, false, true], [1, 2, 3] as [Int64])
    condition.withMemoryView { condition in
      a.withMemoryView { a in
        let zero = computed([Int64(0)], 0, Int64(0)) { zero, _ in
          Selection.select(condition, [3], a, [3], zero, [], into: a, [3])
        }
        #expect(zero.isEmpty)
      }
    }
    #expect(a == [1, 0, 3])
  }
}
