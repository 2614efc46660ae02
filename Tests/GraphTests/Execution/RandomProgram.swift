import Graph
import Kernels
import TestSupport

/// A network drawn at random: elementwise operations, products, reductions and rearrangements of a few inputs, some of
/// their results, and the gradients of one.
struct RandomProgram {
  private var random: SplitMix64
  private let builder = ProgramBuilder()
  private let inputs: [OpSample.Input] = [
    .real([.batch, 4]), .real([.batch, 1]), .real([4]), .real([4, 4]), .real([]), .real([.batch, 2, 2]),
    .integers([.batch], in: 0...3), .real([2, .batch]),
  ]
  private let indices: Value
  private var pool: [Value] = []

  /// The network that `seed` draws, its program, and what it is fed for each batch size.
  static func make(seed: UInt64, steps: Int = 24) throws -> (program: Program, feeds: (Int) -> [String: HostTensor]) {
    var network = RandomProgram(seed: seed)
    for _ in 0..<steps { network.step() }
    let program = try network.finish()
    let inputs = network.inputs
    return (program, { PullbackCheck(inputs) { try $0.number(0) }.feeds(batch: $0, .float64, seed: seed) })
  }

  private init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    var values: [Value] = []
    for (index, input) in inputs.enumerated() {
      values.append(builder.input("x\(index)", input.type(.float64), role: input.shape.isFixed ? .parameter : .data))
    }
    indices = values[6]
    pool = values.filter { $0.dtype == .float64 }
  }

  /// One more value, unless what was drawn does not fit.
  private mutating func step() {
    guard var value = try? draw(), isSmall(value.shape) else { return }
    // Keeps numbers of about one, so that rounding errors stay comparable.
    if Int.random(in: 0..<3, using: &random) > 0, let bounded = try? value.unary(.tanh) { value = bounded }
    pool.append(value)
  }

  private func isSmall(_ shape: Shape) -> Bool {
    guard shape.rank <= 4, let count = shape.count else { return false }
    return count.batches <= 32 && count.fixed <= 64
  }

  /// A value, a recent one more likely.
  private mutating func pick() -> Value {
    let recent = pool.suffix(6)
    return Bool.random(using: &random) ? recent.randomElement(using: &random)! : pool.randomElement(using: &random)!
  }

  private mutating func draw() throws -> Value {
    let x = pick()
    let axis = Int.random(in: 0..<max(x.shape.rank, 1), using: &random)
    switch Int.random(in: 0..<17, using: &random) {
    case 0, 1, 2:
      let operations: [UnaryOperation] = [.tanh, .sigmoid, .sin, .relu, .negate, .softplus, .square, .absolute, .elu]
      return try x.unary(operations.randomElement(using: &random)!)
    case 3, 4, 5, 6:
      let operations: [BinaryOperation] = [.add, .subtract, .multiply, .maximum, .squaredDifference]
      return try x.binary(operations.randomElement(using: &random)!, pick())
    case 7, 8:
      let (left, right) = (Bool.random(using: &random), Bool.random(using: &random))
      return try x.matmul(transposed: left, pick(), transposed: right)
    case 9:
      let operations: [ReductionOperation] = [.sum, .sum, .maximum, .mean]
      return try x.reduced(operations.randomElement(using: &random)!, over: AxisSet(axes: [axis]))
    case 10: return try x.transposed(to: Array(0..<x.shape.rank).shuffled(using: &random))
    case 11: return try reshape(x)
    case 12:
      return try Value.concatenating(
        [x, pick(), x].prefix(Int.random(in: 2...3, using: &random)).map { $0 }, along: axis)
    case 13:
      guard x.shape.rank > 0, let extent = x.shape[axis].constant, extent > 1 else { return try x.softmax() }
      var starts = x.shape.extents.map { _ in Extent(0) }
      let start = Int.random(in: 0..<extent, using: &random)
      starts[axis] = Extent(start)
      return try x.sliced(from: starts, shape: x.shape.replacing(axis: axis, with: Extent(extent - start)))
    case 14:
      let condition = try x.compared(.greater, Value.constant(0.1, .float64, in: builder))
      return try condition.selecting(pick(), pick())
    case 15:
      guard let batch = x.shape.extents.firstIndex(where: { !$0.isFixed }) else { return try x.softmax() }
      return try x.subtracting(x.summed(over: AxisSet(axes: 0...batch))).multiplied(by: 0.25)
    default:
      if x.shape.rank > 0, x.shape[0] == 4 { return try x.gatheringRows(indices) }
      return x.shape.isFixed ? try x.broadcast(to: Shape([.batch] + x.shape.extents)) : try x.stoppingGradient()
    }
  }

  private func reshape(_ x: Value) throws -> Value {
    let extents = x.shape.extents
    guard extents.count > 1 else { return try x.reshaped(to: Shape(extents + [1])) }
    if extents.last == 4 { return try x.reshaped(to: Shape(extents.dropLast() + [2, 2])) }
    guard let joined = extents[extents.count - 2].multiplied(by: extents[extents.count - 1]) else { return x }
    return try x.reshaped(to: Shape(extents.dropLast(2) + [joined]))
  }

  private mutating func finish() throws -> Program {
    var outputs: [(name: String, value: Value)] = []
    for index in 0..<3 { outputs.append(("y\(index)", pick())) }
    var loss = try Value.constant(0, .float64, in: builder)
    for value in pool.suffix(4) {
      loss = try loss.adding(value.unary(.sin).summed(over: AxisSet(axes: 0..<value.shape.rank)))
    }
    loss = try loss.multiplied(by: 0.1).unary(.tanh)
    outputs.append(("loss", loss))
    let parameters = inputs.indices.filter { inputs[$0].isDifferentiated }.map { builder.input(named: "x\($0)")! }
    for (index, gradient) in try PullbackCheck.gradients(of: loss, parameters).enumerated() {
      if let gradient { outputs.append(("gradient\(index)", gradient)) }
    }
    return builder.program(outputs)
  }
}
