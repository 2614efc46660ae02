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
    builder.graph.versions.minimumConsumer = 12
    return builder.graph
  }()

  /// The bytes of ``sample``.
  static let sampleBytes: [UInt8] = {
    var builder = GraphDefBuilder()
    builder.graph = sample
    return builder.encoded()
  }()

  @Test func `decodes to what was encoded`() throws {
    #expect(try GraphDef(decoding: Self.sampleBytes) == Self.sample)
  }

  @Test(arguments: ["tensors", "functions", "network", "resource_network"])
  func `reads as TensorFlow reads it`(_ name: String) throws {
    let graph = try GraphFile.read(Fixture.path(name + ".pb")).graph
    let lines = try GraphText(graph).lines
    let expected = try Fixture.lines(name + ".txt")
    for (line, expected) in zip(lines, expected) { #expect(line == expected) }
    #expect(lines.count == expected.count)
  }

  @Test(arguments: ["tensors", "functions", "network", "resource_network"])
  func `is the same after encoding and decoding`(_ name: String) throws {
    var builder = GraphDefBuilder()
    builder.graph = try GraphDef(decoding: Fixture.bytes(name + ".pb"))
    let again = try GraphDef(decoding: builder.encoded())
    // Not compared as values: a constant that is not a number differs from itself.
    #expect(try GraphText(again).lines == GraphText(builder.graph).lines)
  }

  @Test func `says where in it the trouble is`() throws {
    var encoder = ProtobufEncoder()
    for index in 0..<3 {
      encoder.message(1) { node in
        node.string(1, "n\(index)")
        node.string(2, "Const")
        node.message(5) { entry in
          entry.string(1, "shape")
          entry.message(2) { value in
            if index == 2 { value.payload(7, [0x12, 0x09]) } else { value.append(.shape([2])) }
          }
        }
      }
    }
    let error = #expect(throws: ProtobufError.self) { try GraphDef(decoding: encoder.bytes) }
    #expect(error?.path == ["GraphDef", "node[2]", "attr['shape']", "value", "shape", "dim[0]"])
    #expect(error?.description.hasPrefix("GraphDef.node[2].attr['shape'].value.shape.dim[0], byte ") == true)
  }

  @Test(arguments: [("", "Op"), ("n", "")])
  func `has nodes with a name and an op`(_ name: String, _ op: String) {
    var encoder = ProtobufEncoder()
    encoder.append(GraphDef([NodeDef(name, op: op)]))
    #expect(throws: ProtobufError.self) { try GraphDef(decoding: encoder.bytes) }
  }

  @Test func `has no node of thousands of attributes`() {
    var encoder = ProtobufEncoder()
    encoder.message(1) { node in
      node.append(NodeDef("a", op: "A"))
      for _ in 0...AttributeMap.maximumCount { node.payload(5, []) }
    }
    let error = #expect(throws: ProtobufError.self) { try GraphDef(decoding: encoder.bytes) }
    #expect(error?.path == ["GraphDef", "node[0]", "attr"])
  }

  @Test func `may state its version in the old way`() throws {
    var encoder = ProtobufEncoder()
    encoder.append(GraphDef([NodeDef("a", op: "A")]))
    encoder.varint(3, 21)
    #expect(try GraphDef(decoding: encoder.bytes).versions.producer == 21)
    encoder.message(4) { $0.varint(1, 134) }
    #expect(try GraphDef(decoding: encoder.bytes).versions.producer == 134)
  }
}
