import Graph
import Kernels
import Testing

@Suite struct `A shape` {
  private static func draw(_ random: inout SplitMix64) -> Shape {
    let choices: [Extent] = [1, 1, 2, 3, .batch, Extent(batches: 2), 0]
    return Shape((0..<Int.random(in: 0...4, using: &random)).map { _ in choices.randomElement(using: &random)! })
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `broadcasts as NumPy's do`(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let (a, b) = (Self.draw(&random), Self.draw(&random))
      let common = a.broadcast(with: b)
      #expect(common == b.broadcast(with: a))
      #expect(a.broadcast(with: a) == a && a.broadcast(with: .scalar) == a)
      guard let common else { continue }
      #expect(common.broadcast(with: a) == common && common.broadcast(with: b) == common)
      #expect(common.rank == max(a.rank, b.rank))
      let c = Self.draw(&random)
      if let all = common.broadcast(with: c), let rest = b.broadcast(with: c) {
        #expect(all == a.broadcast(with: rest))
      }
    }
  }

  @Test func `knows its count up to the batch size`() {
    #expect(Shape([.batch, 3, 2]).count == Extent(batches: 6))
    #expect(Shape([.batch, .batch]).count == nil)
    #expect(Shape.scalar.count == 1)
    #expect(Shape([4, 0]).count == 0)
    #expect(Shape([1 << 40, 1 << 40] as [Int]).count == nil)
  }

  @Test func `has dimensions for a batch unless they are impossible`() {
    #expect(Shape([.batch, 3]).dimensions(batch: 7) == [7, 3])
    #expect(Shape([Extent(batches: 1, fixed: -8)]).dimensions(batch: 7) == nil)
    #expect(Shape([1 << 40, 1 << 40] as [Int]).dimensions(batch: 1) == nil)
    #expect(Shape([0, 1 << 40, 1 << 40] as [Int]).dimensions(batch: 1) == nil)
    #expect(Shape([Int](repeating: 1, count: 9)).dimensions(batch: 1) == nil)
    #expect(Shape([0, 5] as [Int]).dimensions(batch: 1) == [0, 5])
  }

  @Test func `counts axes from both ends`() {
    let shape: Shape = [.batch, 2, 3]
    #expect([0, 2, -1, -3].map { shape.axis($0) } == [0, 2, 2, 0])
    #expect(shape.axis(3) == nil && shape.axis(-4) == nil)
    #expect(shape.reduced(over: AxisSet(axes: [0, 2])) == [2])
    #expect(shape.reduced(over: AxisSet(axes: [0, 2]), keepingAxes: true) == [1, 2, 1])
    #expect(shape.description == "[B, 2, 3]")
    #expect(TensorType(.int64, shape).description == "int64[B, 2, 3]")
  }
}

@Suite struct `A literal` {
  @Test(arguments: DType.allCases)
  func `takes any number, as a cast would`(_ dtype: DType) {
    for number in [0, 1, -1, 0.2, 1e30, -1e30, .infinity, -.infinity, .nan, 0x1p31, 0x1p63, -0x1p63] {
      let literal = Literal(number, dtype)
      #expect(literal.dtype == dtype && literal.count == 1)
    }
    #expect(Literal(1e30, .int32).integers == [Int(Int32.min)])
    #expect(Literal(-7.9, .int64).integers == [-7])
    #expect(Literal(.nan, .bool).doubles == [1])
  }
}
