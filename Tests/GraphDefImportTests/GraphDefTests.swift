import GraphDefImport
import TestSupport
import Testing

@Suite struct `A graph` {
  /// A graph with every kind of attribute, constant and function.
  static let sample: GraphDef = {
    var builder = GraphDefBuilder()
    let x = builder.placeholder("x", .float, [-1, 2])
    let start = builder.constant("w/initial_value", [1, 2, 3, 4], [2, 2])
    let w = builder.variable("w", [2, 2], initialValue: start)
    builder.add("y", op: "MatMul", [x, w, "^x"], ["transpose_a": .bool(false), "T": .type(.float)], device: "/cpu:0")
    let branch = FunctionReference("then", attributes: ["n": .int(3), "inner": .function(FunctionReference("f"))])
    builder.add(
      "all", op: "Everything", ["y:1"],
      [
        "s": .text("SAME"), "i": .int(-5), "f": .float(0.25), "b": .bool(true), "type": .type(.int64),
        "shape": .shape(.unknownRank), "tensor": .tensor(TensorProto(.half, [3], .halves([0x3C00, 0x4000]))),
        "placeholder": .placeholder("T"), "function": .function(branch), "empty": .list(.empty),
        "ss": .list(.bytes([[0xFF, 0x00], []])), "is": .list(.ints([1, -2, .max, .min])),
        "fs": .list(.floats([1, -0.5])), "bs": .list(.bools([true, false])), "types": .list(.types([.float, .bool])),
        "shapes": .list(.shapes([[], [1, -1], .unknownRank])),
        "tensors": .list(.tensors([TensorProto(.int32, [], .int32s([-7]))])),
        "functions": .list(.functions([branch])), "missing": .missing,
      ])
    let argument = FunctionDef.Argument("a", .float)
    let generic = FunctionDef.Argument(
      "r", .invalid, typeAttribute: "T", numberAttribute: "N", typeListAttribute: "Ts")
    builder.graph.functions = [
      FunctionDef(
        "then", inputs: [argument], outputs: [generic], attributes: ["_noinline": .bool(true)],
        nodes: [NodeDef("n", op: "Neg", inputs: ["a"], attributes: ["T": .type(.float)])],
        returns: ["r": "n:y:0"], controlReturns: ["c": "n"])
    ]
    return builder.graph
  }()

  @Test func `decodes to what was encoded`() throws {
    var builder = GraphDefBuilder()
    builder.graph = Self.sample
    #expect(try GraphDef(decoding: builder.encoded()) == Self.sample)
  }
}
