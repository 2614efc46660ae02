import Glibc
import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `An imported operation` {
  /// A node, what goes in, and what TensorFlow's documentation says comes out.
  struct Case: Sendable, CustomStringConvertible {
    var op: String
    var inputs: [HostTensor]
    var attributes: AttributeMap
    var outputs: [HostTensor]
    /// How many of the inputs are data; the others are known from the graph.
    var dataCount: Int

    init(
      _ op: String, _ inputs: [HostTensor], _ attributes: AttributeMap, data: Int? = nil, _ outputs: HostTensor...
    ) {
      self.op = op
      self.inputs = inputs
      self.attributes = attributes
      self.outputs = outputs
      dataCount = data ?? inputs.count
    }

    init(_ op: String, _ inputs: [HostTensor], data: Int? = nil, _ outputs: HostTensor...) {
      self.init(op, inputs, [:], data: data)
      self.outputs = outputs
    }

    var description: String { "\(op)(\(inputs.map(\.description).joined(separator: ", ")))" }
  }

  private static let keep: AttributeMap = ["keep_dims": .bool(true)]

  static let arithmetic: [Case] = [
    Case("AddN", [.floats([1, 2]), .floats([10, 20]), .floats([100, 200])], .floats([111, 222])),
    Case("Add", [.floats([1, 2], [2, 1]), .floats([10, 20])], .floats([11, 21, 12, 22], [2, 2])),
    Case("AddV2", [.integers([1, .init(Int32.max)]), .integers([1, 1])], .integers([2, .init(Int32.min)])),
    Case("Sub", [.integers([1, 2]), .integers([5], [])], .integers([-4, -3])),
    Case("Mul", [.floats([2, 3]), .floats([-1, 0.5])], .floats([-2, 1.5])),
    Case("Div", [.integers([7, -7]), .integers([2, 2])], .integers([3, -3])),
    Case("RealDiv", [.floats([7, 1]), .floats([2, 0])], .floats([3.5, .infinity])),
    Case("DivNoNan", [.floats([7, 1]), .floats([2, 0])], .floats([3.5, 0])),
    Case("Maximum", [.floats([1, .nan]), .floats([2, 1])], .floats([2, .nan])),
    Case("Minimum", [.integers([1, 5]), .integers([2, 3])], .integers([1, 3])),
    Case("Pow", [.floats([2, 9]), .floats([3, 0.5])], .floats([8, 3])),
    Case("SquaredDifference", [.floats([2, 9]), .floats([5, 7])], .floats([9, 4])),
    Case("FloorDiv", [.integers([7, -7, 7, -7]), .integers([2, 2, -2, -2])], .integers([3, -4, -4, 3])),
    Case("FloorMod", [.integers([7, -7, 7, -7]), .integers([3, 3, -3, -3])], .integers([1, 2, -2, -1])),
    Case("TruncateDiv", [.integers([7, -7]), .integers([2, 2])], .integers([3, -3])),
    Case("TruncateMod", [.integers([7, -7]), .integers([3, 3])], .integers([1, -1])),
    Case("Mod", [.integers([7, -7]), .integers([3, 3])], .integers([1, -1])),
    Case("FloorMod", [.floats([5.5, -5.5]), .floats([2, 2])], .floats([1.5, 0.5])),
    Case("Atan2", [.floats([1, -1]), .floats([0, 0])], .floats([1.5707964, -1.5707964])),
    Case("LeakyRelu", [.floats([-2, 3])], ["alpha": .float(0.5)], .floats([-1, 3])),
    Case("Cast", [.floats([-1.7, 2.9])], ["DstT": .type(.int32)], .integers([-1, 2])),
    Case("Cast", [.truth([true, false])], ["DstT": .type(.float)], .floats([1, 0])),
    Case("Cast", [.integers([300, 0])], ["DstT": .type(.bool)], .truth([true, false])),
    Case("Cast", [.integers([7, -9])], ["DstT": .type(.int64)], .integers([7, -9], nil, .int64)),
    Case("Equal", [.floats([1, .nan]), .floats([1, .nan])], .truth([true, false])),
    Case("NotEqual", [.integers([1, 2]), .integers([1, 1])], .truth([false, true])),
    Case("Less", [.floats([1, 2]), .floats([2], [])], .truth([true, false])),
    Case("LessEqual", [.floats([1, 2]), .floats([2], [])], .truth([true, true])),
    Case("Greater", [.floats([1, 3]), .floats([2], [])], .truth([false, true])),
    Case("GreaterEqual", [.floats([2, 1]), .floats([2], [])], .truth([true, false])),
    Case("LogicalAnd", [.truth([true, true]), .truth([true, false])], .truth([true, false])),
    Case("LogicalOr", [.truth([false, true]), .truth([false], [])], .truth([false, true])),
    Case("LogicalNot", [.truth([false, true])], .truth([true, false])),
    Case("Select", [.truth([true, false]), .floats([1, 2]), .floats([3, 4])], .floats([1, 4])),
    Case(
      "Select", [.truth([true, false]), .floats([1, 2, 3, 4], [2, 2]), .floats([5, 6, 7, 8], [2, 2])],
      .floats([1, 2, 7, 8], [2, 2])),
    Case(
      "SelectV2", [.truth([true, false]), .floats([1, 2], [2, 1]), .floats([9], [])], .floats([1, 9, 2, 9], [2, 2])),
    Case("ReluGrad", [.floats([5, 6]), .floats([1, -1])], .floats([5, 0])),
    Case("Relu6Grad", [.floats([5, 6, 7]), .floats([1, -1, 6.5])], .floats([5, 0, 0])),
    Case("SigmoidGrad", [.floats([0.25]), .floats([8])], .floats([1.5])),
    Case("TanhGrad", [.floats([0.5]), .floats([8])], .floats([6])),
    Case("EluGrad", [.floats([8, 8]), .floats([1, -0.5])], .floats([8, 4])),
    Case("SoftplusGrad", [.floats([8]), .floats([0])], .floats([4])),
  ]

  static let reductions: [Case] = [
    Case("Sum", [.floats([1, 2, 3, 4], [2, 2]), .integers([0])], data: 1, .floats([4, 6])),
    Case("Sum", [.floats([1, 2, 3, 4], [2, 2]), .integers([-1], [])], keep, data: 1, .floats([3, 7], [2, 1])),
    Case("Sum", [.integers([1, 2, 3]), .integers([0], [])], data: 1, .integers([6], [])),
    Case("Sum", [.floats([1, 2, 3, 4], [2, 2]), .integers([], [0])], data: 1, .floats([1, 2, 3, 4], [2, 2])),
    Case("Mean", [.floats([1, 2, 3, 6], [2, 2]), .integers([0, 1])], data: 1, .floats([3], [])),
    Case("Mean", [.floats([1, 2, 3, 6], [2, 2]), .integers([1])], keep, data: 1, .floats([1.5, 4.5], [2, 1])),
    Case("Prod", [.floats([1, 2, 3, 4], [2, 2]), .integers([1])], data: 1, .floats([2, 12])),
    Case("Prod", [.integers([2, 3, 4]), .integers([0])], data: 1, .integers([24], [])),
    Case("Max", [.floats([1, -2, 3, -4], [2, 2]), .integers([1])], data: 1, .floats([1, 3])),
    Case("Min", [.integers([1, -2, 3, -4], [2, 2]), .integers([0])], data: 1, .integers([1, -4])),
    Case("Max", [.integers([1, 7, 3]), .integers([0])], data: 1, .integers([7], [])),
    Case("All", [.truth([true, true, true, false], [2, 2]), .integers([1])], data: 1, .truth([true, false])),
    Case(
      "Any", [.truth([false, true, false, false], [2, 2]), .integers([1])], keep, data: 1,
      .truth([true, false], [2, 1])),
    Case("L2Loss", [.floats([3, 4])], .floats([12.5], [])),
    Case(
      "ArgMax", [.floats([1, 5, 5, 2, 0, 1], [2, 3]), .integers([1], [])], data: 1, .integers([1, 0], nil, .int64)),
    Case(
      "ArgMax", [.floats([1, 5, 2, 6], [2, 2]), .integers([-2], [])], ["output_type": .type(.int32)], data: 1,
      .integers([1, 1])),
    Case("ArgMin", [.integers([4, 2, 2]), .integers([0], [])], data: 1, .integers([1], [], .int64)),
  ]

  static let arrays: [Case] = [
    Case("Identity", [.floats([1, 2])], .floats([1, 2])), Case("Snapshot", [.floats([1, 2])], .floats([1, 2])),
    Case("StopGradient", [.integers([1, 2])], .integers([1, 2])),
    Case("PreventGradient", [.floats([1, 2])], .floats([1, 2])),
    Case("CheckNumerics", [.floats([1, 2])], .floats([1, 2])),
    Case("IdentityN", [.floats([1]), .truth([true])], .floats([1]), .truth([true])),
    Case("ZerosLike", [.integers([1, 2])], .integers([0, 0])),
    Case("OnesLike", [.floats([5, 6])], .floats([1, 1])),
    Case("Fill", [.integers([2, 2]), .floats([7], [])], data: 0, .floats([7, 7, 7, 7], [2, 2])),
    Case("Fill", [.integers([3]), .integers([7], [])], data: 0, .integers([7, 7, 7])),
    Case("Fill", [.integers([], [0]), .truth([true], [])], data: 0, .truth([true], [])),
    Case("Reshape", [.floats([1, 2, 3, 4]), .integers([2, -1])], data: 1, .floats([1, 2, 3, 4], [2, 2])),
    Case("Reshape", [.floats([1]), .integers([], [0])], data: 1, .floats([1], [])),
    Case("ExpandDims", [.floats([1, 2]), .integers([-1], [])], data: 1, .floats([1, 2], [2, 1])),
    Case("ExpandDims", [.integers([1, 2]), .integers([0], [])], data: 1, .integers([1, 2], [1, 2])),
    Case("Squeeze", [.floats([1, 2], [1, 2, 1])], .floats([1, 2])),
    Case("Squeeze", [.floats([1, 2], [1, 2, 1])], ["squeeze_dims": .list(.ints([-1]))], .floats([1, 2], [1, 2])),
    Case(
      "Transpose", [.floats([1, 2, 3, 4, 5, 6], [2, 3]), .integers([1, 0])], data: 1,
      .floats([1, 4, 2, 5, 3, 6], [3, 2])),
    Case(
      "Tile", [.floats([1, 2], [1, 2]), .integers([2, 2])], data: 1, .floats([1, 2, 1, 2, 1, 2, 1, 2], [2, 4])),
    Case("Pack", [.floats([1, 2]), .floats([3, 4])], .floats([1, 2, 3, 4], [2, 2])),
    Case("Pack", [.floats([1, 2]), .floats([3, 4])], ["axis": .int(-1)], .floats([1, 3, 2, 4], [2, 2])),
    Case("Pack", [.integers([1, 2]), .integers([3, 4])], .integers([1, 2, 3, 4], [2, 2])),
    Case("ConcatV2", [.floats([1, 2]), .floats([3]), .integers([0], [])], data: 2, .floats([1, 2, 3])),
    Case(
      "ConcatV2", [.floats([1, 2], [2, 1]), .floats([3, 4], [2, 1]), .integers([-1], [])], data: 2,
      .floats([1, 3, 2, 4], [2, 2])),
    Case(
      "ConcatV2", [.integers([1, 2], [1, 2]), .integers([3, 4], [1, 2]), .integers([0], [])], data: 2,
      .integers([1, 2, 3, 4], [2, 2])),
    Case(
      "GatherV2", [.floats([1, 2, 3, 4], [2, 2]), .integers([1, 1, 0]), .integers([0], [])], data: 2,
      .floats([3, 4, 3, 4, 1, 2], [3, 2])),
    Case("Gather", [.floats([1, 2, 3]), .integers([2, 0], [2, 1], .int64)], .floats([3, 1], [2, 1])),
    Case(
      "Slice", [.floats([1, 2, 3, 4, 5, 6], [2, 3]), .integers([0, 1]), .integers([-1, 1])], data: 1,
      .floats([2, 5], [2, 1])),
    Case("Slice", [.integers([1, 2, 3]), .integers([1]), .integers([-1])], data: 1, .integers([2, 3])),
    Case("Shape", [.floats([1, 2, 3, 4, 5, 6], [2, 3])], .integers([2, 3])),
    Case("Shape", [.floats([1], [])], ["out_type": .type(.int64)], .integers([], [0], .int64)),
    Case("ShapeN", [.floats([1, 2]), .floats([1], [1, 1])], .integers([2]), .integers([1, 1])),
    Case("Size", [.floats([1, 2, 3, 4], [2, 2])], .integers([4], [])),
    Case("Rank", [.floats([1, 2, 3, 4], [2, 2])], .integers([2], [])),
    Case("Range", [.integers([2], []), .integers([9], []), .integers([3], [])], data: 0, .integers([2, 5, 8])),
    Case("Range", [.integers([2], []), .integers([-3], []), .integers([-2], [])], data: 0, .integers([2, 0, -2])),
    Case("Range", [.integers([2], []), .integers([2], []), .integers([1], [])], data: 0, .integers([], [0])),
    Case(
      "DynamicStitch", [.integers([2, 0]), .integers([1]), .integers([7, 8]), .integers([9])], data: 0,
      .integers([8, 9, 7])),
    Case(
      "DiagPart", [.floats([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [2, 2, 2, 2])],
      .floats([0, 5, 10, 15], [2, 2])),
    Case("MatrixDiagPart", [.floats([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])], .floats([1, 4, 5, 8], [2, 2])),
    Case(
      "MatrixDiagV3",
      [.floats([1, 2]), .integers([0], []), .integers([-1], []), .integers([-1], []), .floats([9], [])], data: 1,
      .floats([1, 9, 9, 2], [2, 2])),
    Case("InvertPermutation", [.integers([2, 0, 1])], data: 0, .integers([1, 2, 0])),
    Case(
      "BroadcastGradientArgs", [.integers([5, 1, 3]), .integers([4, 3])], data: 0, .integers([1]), .integers([0])),
  ]

  static let networks: [Case] = [
    Case("MatMul", [.floats([1, 2, 3, 4], [2, 2]), .floats([5, 6], [2, 1])], .floats([17, 39], [2, 1])),
    Case(
      "MatMul", [.floats([1, 2, 3, 4], [2, 2]), .floats([5, 6], [1, 2])],
      ["transpose_a": .bool(true), "transpose_b": .bool(true)], .floats([23, 34], [2, 1])),
    Case("BiasAdd", [.floats([1, 2, 3, 4], [2, 2]), .floats([10, 20])], .floats([11, 22, 13, 24], [2, 2])),
    Case(
      "BiasAdd", [.floats([1, 2, 3, 4], [1, 2, 2]), .floats([10, 20])], ["data_format": .text("NCHW")],
      .floats([11, 12, 23, 24], [1, 2, 2])),
    Case("BiasAddGrad", [.floats([1, 2, 3, 4], [2, 2])], .floats([4, 6])),
    Case(
      "ResizeBilinear", [.integers([0, 10], [1, 1, 2, 1]), .integers([1, 4])], data: 1,
      .floats([0, 5, 10, 10], [1, 1, 4, 1])),
    Case("BiasAddGrad", [.floats([1, 2, 3, 4], [1, 2, 2])], ["data_format": .text("NCHW")], .floats([3, 7])),
    Case("Softmax", [.floats([0, 0, 1, 1], [2, 2])], .floats([0.5, 0.5, 0.5, 0.5], [2, 2])),
    Case("LogSoftmax", [.floats([0, 0], [1, 2])], .floats([-0.6931472, -0.6931472], [1, 2])),
    Case(
      "SoftmaxCrossEntropyWithLogits", [.floats([0, 0], [1, 2]), .floats([1, 0], [1, 2])], .floats([0.6931472]),
      .floats([-0.5, 0.5], [1, 2])),
    Case(
      "OneHot", [.integers([1, -1, 5]), .integers([2], []), .floats([9], []), .floats([-9], [])], data: 1,
      .floats([-9, 9, -9, -9, -9, -9], [3, 2])),
    Case(
      "OneHot", [.integers([1, 0], nil, .int64), .integers([2], []), .floats([1], []), .floats([0], [])],
      ["axis": .int(0)], data: 1, .floats([0, 1, 1, 0], [2, 2])),
  ]

  @Test(arguments: arithmetic + reductions + arrays + networks)
  func `computes what TensorFlow computes, from constants and from data`(_ sample: Case) throws {
    for isData in [false, true] {
      var graph = GraphDefBuilder()
      var feeds: [String: HostTensor] = [:]
      var names: [String] = []
      for (index, input) in sample.inputs.enumerated() {
        names.append("x\(index)")
        if isData, index < sample.dataCount {
          graph.placeholder("x\(index)", input.dtype.dataType, TensorShapeProto(input.shape))
          feeds["x\(index)"] = input
        } else {
          graph.constant("x\(index)", input)
        }
      }
      graph.add("y", op: sample.op, names, sample.attributes)
      let fetches = sample.outputs.indices.map { $0 == 0 ? "y" : "y:\($0)" }
      let results = try graph.evaluated(fetches, feeds: feeds)
      for (fetch, expected) in zip(fetches, sample.outputs) {
        let found = try #require(results[fetch])
        #expect(found.isClose(to: expected, relative: 1e-6), "\(isData ? "data" : "constants"), \(fetch): \(found)")
      }
    }
  }

  static let functions: [(String, @Sendable (Double) -> Double)] = [
    ("Neg", { -$0 }), ("Abs", { abs($0) }), ("Sign", { $0 < 0 ? -1 : 1 }), ("Exp", { exp($0) }),
    ("Expm1", { expm1($0) }), ("Log", { log($0) }), ("Log1p", { log1p($0) }), ("Sqrt", { sqrt($0) }),
    ("Rsqrt", { 1 / sqrt($0) }), ("Reciprocal", { 1 / $0 }), ("Inv", { 1 / $0 }), ("Square", { $0 * $0 }),
    ("Sigmoid", { 1 / (1 + exp(-$0)) }), ("Tanh", { tanh($0) }), ("Relu", { max($0, 0) }),
    ("Relu6", { min(max($0, 0), 6) }), ("Elu", { $0 < 0 ? expm1($0) : $0 }),
    ("Selu", { 1.0507009873554805 * ($0 < 0 ? 1.6732632423543772 * expm1($0) : $0) }),
    ("Softplus", { log1p(exp($0)) }), ("Softsign", { $0 / (abs($0) + 1) }), ("Erf", { erf($0) }),
    ("Erfc", { erfc($0) }), ("Floor", { floor($0) }), ("Ceil", { ceil($0) }),
    ("Round", { $0.rounded(.toNearestOrEven) }), ("Rint", { $0.rounded(.toNearestOrEven) }), ("Sin", { sin($0) }),
    ("Cos", { cos($0) }),
  ]

  @Test(arguments: functions.map(\.0))
  func `is the function of its name`(_ op: String) throws {
    let function = try #require(Self.functions.first { $0.0 == op }).1
    let values: [Double] = [-2.5, -0.75, 0.25, 0.5, 1.5, 2.5, 7]
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [7])
    graph.add("y", op: op, ["x"])
    let found = try graph.evaluated(["y"], feeds: ["x": .floats(values)])["y"]!
    #expect(found.isClose(to: .floats(values.map(function)), relative: 2e-6), "\(found)")
  }

  @Test func `multiplies with zero what is not finite, and has the other factor as gradient`() throws {
    var graph = GraphDefBuilder()
    graph.constant("start", TensorProto(.float, [3], .floats([])))
    graph.variable("a", [3], initialValue: "start")
    graph.variable("b", [3], initialValue: "start")
    graph.add("product", op: "MulNoNan", ["a/read", "b/read"])
    graph.constant("axis", integers: [0])
    graph.add("loss", op: "Sum", ["product", "axis"])
    let feeds = ["a": HostTensor.floats([.infinity, 3, 2]), "b": .floats([0, 0, 4])]
    let results = try graph.evaluated(["loss"], feeds: feeds, dense: ["a", "b"]) { $0.gradients = ["a", "b"] }
    #expect(results["loss"]?.scalar == 8)
    #expect(results["d-a"] == .floats([0, 0, 4]) && results["d-b"] == .floats([0, 3, 2]))
  }

  @Test(arguments: [DataType.uint8, .int8, .uint16, .int16, .uint32])
  func `does no arithmetic that would have to wrap in a type that programs do not have`(_ type: DataType) throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [2])
    graph.add("narrow", op: "Cast", ["x"], ["DstT": .type(type)])
    graph.add("y", op: "AddV2", ["narrow", "narrow"], ["T": .type(type)])
    #expect {
      try graph.program(["y"])
    } throws: { "\($0)".hasPrefix("node 'y' (AddV2): arithmetic on elements of type \(type)") }
  }

  @Test func `draws random numbers of the shape asked for`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 50])
    graph.add("shape", op: "Shape", ["x"])
    for op in ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"] {
      graph.add(op, op: op, ["shape"], ["dtype": .type(.float), "seed": .int(1)])
    }
    graph.add("other", op: "RandomUniform", ["shape"], ["dtype": .type(.float)])
    let fetches = ["RandomUniform", "RandomStandardNormal", "TruncatedNormal", "other"]
    let results = try graph.evaluated(fetches, batch: 40, feeds: ["x": HostTensor(.float32, [40, 50], [0])])
    #expect(fetches.allSatisfy { results[$0]?.shape == [40, 50] } && results["other"] != results["RandomUniform"])
    let uniform = results["RandomUniform"]!.values
    #expect(uniform.allSatisfy { (0..<1).contains($0) } && abs(uniform.reduce(0, +) / 2000 - 0.5) < 0.05)
    #expect(results["TruncatedNormal"]!.values.allSatisfy { abs($0) <= 2 })
    #expect(results["RandomStandardNormal"]!.values.contains { abs($0) > 2 })
  }

  @Test func `may be computed in double precision`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    graph.constant("tenth", [0.1])
    graph.add("y", op: "Mul", ["x", "tenth"])
    let results = try graph.evaluated(["y"], batch: 1, feeds: ["x": HostTensor(.float64, [1], [3])]) {
      $0.precision = .float64
    }
    #expect(results["y"] == HostTensor(.float64, [1], [Double(Float(0.1)) * 3]))
  }

  @Test func `is listed with whether it has a gradient`() {
    let names = SupportedOp.all.map(\.name)
    #expect(names == names.sorted() && Set(names).count == names.count && names.count > 100)
    let differentiable = Set(SupportedOp.all.filter(\.isDifferentiable).map(\.name))
    #expect(differentiable.isSuperset(of: ["MatMul", "Relu", "Mean", "GatherV2", "Reshape", "StridedSlice"]))
    #expect(differentiable.isDisjoint(with: ["ArgMax", "Equal", "Shape", "Floor", "Assign"]))
  }
}
