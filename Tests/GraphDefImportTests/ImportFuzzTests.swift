import Graph
import GraphDefImport
import Kernels
import TestSupport
import Testing

/// Nodes of every supported operation with operands and attributes drawn at random, extreme ones among them.
@Suite struct `A node drawn at random` {
  private static let pool = LanePool(lanes: 1)
  private static let extremes: [Int] = [
    .min, .min + 1, -3, 1 << 15, 1 << 20, 1 << 31, 1 << 40, 1 << 62, .max - 1, .max,
  ]

  private var random: SplitMix64
  private var graph = GraphDefBuilder()
  private var constants = 0

  init() { self.init(seed: 0) }

  private init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    let placeholders: [(String, DataType, TensorShapeProto)] = [
      ("x", .float, [-1, 6]), ("v", .float, [-1]), ("m", .float, [2, 3]), ("image", .float, [-1, 4, 4, 2]),
      ("filter", .float, [2, 2, 2, 3]), ("i", .int32, [-1]), ("j", .int64, [-1, 2]), ("b", .bool, [-1, 6]),
      ("scalar", .float, []), ("cube", .float, [-1, 2, 3]), ("empty", .float, [0, 2]),
      ("huge", .float, [-1, 1 << 40, 0, 1 << 40]),
    ]
    for (name, type, shape) in placeholders { graph.placeholder(name, type, shape) }
    graph.constant("zeros", TensorProto(.float, [4, 2], .floats([])))
    graph.variable("w", [4, 2], initialValue: "zeros")
    graph.add("shape", op: "Shape", ["x"])
    graph.add("extents", op: "Shape", ["image"])
  }

  private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

  private mutating func integer() -> Int {
    oneIn(12) ? Self.extremes.randomElement(using: &random)! : Int.random(in: -1...4, using: &random)
  }

  private mutating func integers(_ count: Int) -> [Int] { (0..<count).map { _ in integer() } }

  private mutating func operand() -> String {
    let names = [
      "x", "v", "m", "image", "filter", "i", "j", "b", "scalar", "cube", "empty", "huge", "w/read", "shape", "extents",
    ]
    if oneIn(2) { return names.randomElement(using: &random)! }
    if oneIn(30) { return "w" }
    constants += 1
    let shape = [[], [0], [1], [2], [2], [3], [4], [2, 2], [1, 0]].randomElement(using: &random)!
    let values = integers(shape.reduce(1, *))
    let tensor =
      Bool.random(using: &random)
      ? TensorProto(.int64, TensorShapeProto(shape), .int64s(values.map { Int64($0) }))
      : TensorProto(.int32, TensorShapeProto(shape), .int32s(values.map { Int32(truncatingIfNeeded: $0) }))
    return graph.constant("c\(constants)", tensor)
  }

  private mutating func attribute(_ name: String) -> AttrValue {
    let lists = ["ksize", "strides", "dilations", "explicit_paddings", "squeeze_dims", "axis"]
    if lists.contains(name), name != "axis" || oneIn(4) {
      let count = name == "explicit_paddings" ? 8 : name == "squeeze_dims" ? Int.random(in: 0...3, using: &random) : 4
      var values = integers(count)
      if count == 4, !oneIn(6) { values = [1, max(1, values[1]), max(1, values[2]), 1] }
      return .list(.ints(values.map { Int64($0) }))
    }
    let texts = [
      "padding": ["SAME", "VALID", "EXPLICIT"], "data_format": ["NHWC", "NCHW"], "mode": ["REFLECT", "SYMMETRIC"],
    ]
    if let choices = texts[name] { return .text(choices.randomElement(using: &random)!) }
    if ["DstT", "out_type", "output_type", "dtype", "T", "Tidx"].contains(name) {
      return .type([.float, .int32, .int64, .bool, .double, .string].randomElement(using: &random)!)
    }
    let truths = ["keep_dims", "transpose_a", "transpose_b", "adj_x", "adj_y", "exclusive", "reverse", "is_training"]
    if truths.contains(name) { return .bool(Bool.random(using: &random)) }
    if ["alpha", "beta", "bias", "epsilon", "tolerance"].contains(name) {
      return .float([0, 0.5, -1, .nan, .infinity, 1e30].randomElement(using: &random)!)
    }
    return .int(Int64(integer()))
  }

  private static let names = [
    "ksize", "strides", "dilations", "explicit_paddings", "squeeze_dims", "axis", "padding", "data_format", "mode",
    "DstT", "out_type", "output_type", "dtype", "T", "Tidx", "keep_dims", "transpose_a", "transpose_b", "adj_x",
    "adj_y", "exclusive", "reverse", "is_training", "alpha", "beta", "bias", "epsilon", "tolerance", "block_size",
    "num_split", "num", "N", "batch_dims", "depth_radius", "k", "begin_mask", "end_mask", "ellipsis_mask",
    "new_axis_mask", "shrink_axis_mask",
  ]

  /// Attributes without which operations do not get far.
  private static let usual = [
    "ksize", "strides", "padding", "DstT", "dtype", "block_size", "num_split", "num", "N", "k",
  ]

  /// Whether the node could be imported, planned and run.
  private mutating func attempt(_ op: String) -> (isImported: Bool, hasRun: Bool) {
    let inputs = (0..<[0, 1, 1, 2, 2, 2, 3, 3, 4, 5].randomElement(using: &random)!).map { _ in operand() }
    var attributes: AttributeMap = [:]
    for name in Self.usual where !oneIn(10) { attributes[name] = attribute(name) }
    for name in Self.names where oneIn(8) { attributes[name] = attribute(name) }
    graph.add("y", op: op, inputs, attributes)
    guard let program = try? graph.program(["y"]) else { return (false, false) }
    var options = Plan.Options(lanes: 1)
    options.memoryLimit = 16 << 20
    guard let plan = try? Plan(program, batch: 3, options: options), let executor = try? Executor(plan, pool: Self.pool)
    else { return (true, false) }
    var lent: [LentTensor] = []
    for (index, type) in program.types[..<program.inputs.count].enumerated() {
      guard let shape = type.shape.dimensions(batch: 3)?.array else { return (true, false) }
      let tensor = LentTensor(HostTensor(type.dtype, shape, [1, 0, 2]))
      lent.append(tensor)
      guard (try? executor.bind(tensor.view, to: index)) != nil else { return (true, false) }
    }
    return (true, (try? executor.run()) != nil)
  }

  @Test(.timeLimit(.minutes(5)))
  func `runs or is refused, whatever the operation`() async throws {
    #if DEBUG
      let count = 40
    #else
      let count = 400
    #endif
    let ops = SupportedOp.all.map(\.name)
    let results = await withTaskGroup(of: (imported: Int, ran: Int).self) { group in
      for half in 0..<2 {
        group.addTask {
          var (imported, ran) = (0, 0)
          for (index, op) in ops.enumerated() where index % 2 == half {
            for seed in 0..<count {
              var node = Self(seed: UInt64(index * 100_000 + seed))
              let (isImported, hasRun) = node.attempt(op)
              imported += isImported ? 1 : 0
              ran += hasRun ? 1 : 0
            }
          }
          return (imported, ran)
        }
      }
      return await group.reduce((0, 0)) { ($0.0 + $1.imported, $0.1 + $1.ran) }
    }
    // Enough of them get through for the rest to mean something.
    #expect(results.0 > ops.count * count / 20 && results.1 > ops.count * count / 40, "\(results)")
  }
}
