import GraphDefImport
import TestSupport
import Testing

@Suite struct `A graph of sixty thousand nodes` {
  /// What a loop over pairs of fields looks like once TensorFlow has unrolled and differentiated it.
  static func unrolled(slices: Int) -> [UInt8] {
    var builder = GraphDefBuilder()
    let x = builder.placeholder("x", .float, [1024, 39, 8])
    let location = AttrValue.list(.bytes([ArraySlice("loc:@fields/strided_slice".utf8)]))
    let slice: AttributeMap = [
      "T": .type(.float), "Index": .type(.int32), "begin_mask": .int(5), "end_mask": .int(5),
      "ellipsis_mask": .int(0), "new_axis_mask": .int(0), "shrink_axis_mask": .int(2),
    ]
    for index in 0..<slices {
      let begin = builder.constant("fields/strided_slice_\(index)/stack", integers: [0, Int32(index % 39), 0])
      let end = builder.constant("fields/strided_slice_\(index)/stack_1", integers: [0, Int32(index % 39) + 1, 0])
      let strides = builder.constant("fields/strided_slice_\(index)/stack_2", integers: [1, 1, 1])
      let name = builder.add("fields/strided_slice_\(index)", op: "StridedSlice", [x, begin, end, strides], slice)
      let shape = builder.add(
        "gradients/fields/strided_slice_\(index)_grad/Shape", op: "Shape", [x],
        ["T": .type(.float), "out_type": .type(.int32), "_class": location])
      builder.add(
        "gradients/fields/strided_slice_\(index)_grad/StridedSliceGrad", op: "StridedSliceGrad",
        [shape, begin, end, strides, name], slice)
    }
    return builder.encoded()
  }

  @Test func `decodes in a fraction of a second`() throws {
    let bytes = Self.unrolled(slices: 10_000)
    var graph = GraphDef([])
    let time = try ContinuousClock().measure { graph = try GraphDef(decoding: bytes) }
    #expect(graph.nodes.count == 60_001)
    #expect(bytes.count > 10_000_000)
    #if DEBUG
      let bound = Duration.seconds(30)
    #else
      // 0.06 s alone on a core of 2023; the bound leaves room for a busy machine.
      let bound = Duration.seconds(1)
    #endif
    #expect(time < bound, "\(bytes.count) bytes")
  }
}
