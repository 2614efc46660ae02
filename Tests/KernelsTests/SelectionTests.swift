import Kernels
import Testing

@Suite struct `Kernels that select` {
  @Test(arguments: UInt64(0)..<60)
  func `broadcasts all three operands`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 4, extent: 6)
    let shapes = (0..<3).map { seed % 4 == UInt64($0) ? generator.operand(of: shape) : shape }
    let count = shape.reduce(1, *)
    let condition = (0..<shapes[0].reduce(1, *)).map { _ in Bool.random(using: &generator) }
    let a = generator.floats(shapes[1].reduce(1, *))
    let b = generator.floats(shapes[2].reduce(1, *))
    let expected = (0..<count).map { position in
      let places = shapes.map { broadcastPosition(position, of: shape, in: $0) }
      return condition[places[0]] ? a[places[1]] : b[places[2]]
    }
    #expect(selected(condition, a, b, shapes, shape, 0) == expected)
    #expect(selected(condition, a.map(Double.init), b.map(Double.init), shapes, shape, 0) == expected.map(Double.init))
    let signs = selected(condition, a.map { $0 < 0 }, b.map { $0 < 0 }, shapes, shape, false)
    #expect(signs == expected.map { $0 < 0 })
  }

  @Test(arguments: [17, 100, 1000], [[0, 0], [0, 1], [1, 0], [1, 1]])
  func `repeats an operand of one element`(_ count: Int, _ repeated: [Int]) {
    var generator = SplitMix64(seed: 1)
    let condition = (0..<count).map { _ in Bool.random(using: &generator) }
    let (a, b) = (generator.floats(repeated[0] == 1 ? 1 : count), generator.floats(repeated[1] == 1 ? 1 : count))
    let d = selected(condition, a, b, [[count], [a.count], [b.count]], [count], 0)
    #expect(d == (0..<count).map { condition[$0] ? a[$0 % a.count] : b[$0 % b.count] })
  }

  private func selected<Scalar: BitwiseCopyable>(
    _ condition: [Bool], _ a: [Scalar], _ b: [Scalar], _ shapes: [[Int]], _ shape: [Int], _ initial: Scalar
  ) -> [Scalar] {
    var condition = condition
    return condition.withMemoryView { condition in
      computed(a, b, shape.reduce(1, *), initial) {
        Selection.select(
          condition, Dimensions(shapes[0]), $0, Dimensions(shapes[1]), $1, Dimensions(shapes[2]), into: $2,
          Dimensions(shape))
      }
    }
  }

  @Test(arguments: [true, false]) func `may write over the operand that one truth value chooses, or over the other`(
    _ choosesFirst: Bool
  ) {
    for target in 0..<2 {
      let numbers = [(0..<40).map { Float($0) }, (0..<40).map { Float(-$0) }]
      var (condition, a, b) = ([choosesFirst], numbers[0], numbers[1])
      condition.withMemoryView { condition in
        a.withMemoryView { a in
          b.withMemoryView { b in
            Selection.select(condition, [], a, [8, 5], b, [8, 5], into: target == 0 ? a : b, [8, 5])
          }
        }
      }
      #expect((target == 0 ? a : b) == numbers[choosesFirst ? 0 : 1])
      #expect((target == 0 ? b : a) == numbers[1 - target])
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
