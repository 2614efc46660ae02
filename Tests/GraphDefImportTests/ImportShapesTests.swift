import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `Shape arithmetic of an imported graph` {
  /// The type of `fetch` in a graph with the placeholder `x` `[?, 6]`.
  private func type(
    of fetch: String, exportedBatch: Int = 1024, in build: (inout GraphDefBuilder) -> Void
  ) throws -> TensorType {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 6])
    build(&graph)
    return try #require(try graph.program([fetch], exportedBatch: exportedBatch).type(ofOutput: fetch))
  }

  private func stack(_ graph: inout GraphDefBuilder, _ name: String, _ inputs: [String]) {
    graph.add(name, op: "Pack", inputs, ["T": .type(.int32), "N": .int(Int64(inputs.count)), "axis": .int(0)])
  }

  /// Adds the extent of `axis` of the shape `shape`.
  private func extent(_ graph: inout GraphDefBuilder, _ name: String, _ shape: String, _ axis: Int32) {
    graph.constant("\(name)/begin", integers: [axis], [1])
    graph.constant("\(name)/end", integers: [axis + 1], [1])
    graph.constant("\(name)/step", integers: [1], [1])
    graph.add(
      name, op: "StridedSlice", [shape, "\(name)/begin", "\(name)/end", "\(name)/step"], ["shrink_axis_mask": .int(1)])
  }

  @Test func `follows the batch through slices, products and packs`() throws {
    let found = try type(of: "y") { graph in
      graph.add("shape", op: "Shape", ["x"], ["out_type": .type(.int32)])
      extent(&graph, "b", "shape", 0)
      extent(&graph, "n", "shape", 1)
      graph.constant("two", integers: [2])
      graph.add("half", op: "FloorDiv", ["n", "two"])
      graph.add("double", op: "Mul", ["b", "two"])
      stack(&graph, "target", ["double", "half"])
      graph.add("y", op: "Reshape", ["x", "target"])
    }
    #expect(found == TensorType(.float32, [Extent(batches: 2), 3]))
  }

  @Test func `multiplies a shape up and divides it again, as the softmax of TensorFlow does`() throws {
    let found = try type(of: "y") { graph in
      graph.add("shape", op: "Shape", ["x"])
      graph.constant("zero", integers: [0], [1])
      graph.add("count", op: "Prod", ["shape", "zero"], ["keep_dims": .bool(false)])
      extent(&graph, "n", "shape", 1)
      graph.add("rows", op: "FloorDiv", ["count", "n"])
      graph.constant("last", integers: [6])
      graph.add("rest", op: "Sub", ["last", "n"])
      graph.add("more", op: "Maximum", ["rest", "rows"])
      stack(&graph, "target", ["more", "n"])
      graph.add("y", op: "Reshape", ["x", "target"])
    }
    #expect(found.shape == [.batch, 6])
  }

  @Test func `joins, casts, reshapes and takes apart known shapes`() throws {
    let found = try type(of: "y") { graph in
      graph.add("shape", op: "Shape", ["x"], ["out_type": .type(.int64)])
      graph.add("cast", op: "Cast", ["shape"], ["DstT": .type(.int32)])
      graph.constant("zero", integers: [0], [1])
      graph.constant("one", integers: [1], [1])
      graph.add("first", op: "Slice", ["cast", "zero", "one"])
      graph.constant("tail", integers: [3, 2], [2])
      graph.constant("axis", integers: [0])
      graph.add("joined", op: "ConcatV2", ["first", "tail", "axis"])
      graph.constant("three", integers: [3], [1])
      graph.add("again", op: "Reshape", ["joined", "three"])
      graph.add("same", op: "Identity", ["again"])
      graph.add("y", op: "Reshape", ["x", "same"])
    }
    #expect(found.shape == [.batch, 3, 2])
  }

  @Test func `takes the exported batch size for the batch where nothing else fits`() throws {
    for (target, expected) in [
      ([1024, -1], [.batch, 6]), ([1024, 6], [.batch, 6]), ([1024, 2, 3], [.batch, 2, 3]), ([-1, 6], [.batch, 6]),
      ([3, 1024, -1], [3, .batch, 2]), ([-1], [Extent(batches: 6)]), ([-1, 3], [Extent(batches: 2), 3]),
    ] as [([Int32], Shape)] {
      let found = try type(of: "y") { graph in
        graph.constant("target", integers: target, [target.count])
        graph.add("y", op: "Reshape", ["x", "target"])
      }
      #expect(found.shape == expected, "\(target)")
    }
    // Six columns of a graph exported for six examples: what fits as it stands is left alone.
    let six = try type(of: "y", exportedBatch: 6) { graph in
      graph.constant("target", integers: [-1, 6], [2])
      graph.add("y", op: "Reshape", ["x", "target"])
    }
    #expect(six.shape == [.batch, 6])
  }

  @Test func `makes constants of the exported batch size fit any batch`() throws {
    for batch in [1, 7, 1024] {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [1024, 2])
      graph.constant("fill", TensorProto(.float, [1024, 1], .floats([2.5])))
      graph.add("y", op: "AddV2", ["x", "fill"])
      graph.constant("zeros", TensorProto(.float, [1024, 3], .floats([])))
      graph.constant("axis", integers: [1])
      graph.add("joined", op: "ConcatV2", ["x", "zeros", "axis"])
      graph.constant("shape", integers: [1024, 1], [2])
      graph.constant("three", [3])
      graph.add("filled", op: "Fill", ["shape", "three"])
      graph.add("larger", op: "Greater", ["filled", "x"])
      graph.add("chosen", op: "SelectV2", ["larger", "filled", "fill"])
      let x = HostTensor(.float32, [batch, 2], [1, 4])
      let results = try graph.evaluated(["y", "joined", "larger", "chosen"], batch: batch, feeds: ["x": x])
      #expect(results["y"] == HostTensor(.float32, [batch, 2], [3.5, 6.5]))
      #expect(results["joined"] == HostTensor(.float32, [batch, 5], [1, 4, 0, 0, 0]))
      #expect(results["larger"] == HostTensor(.bool, [batch, 2], [1, 0]))
      #expect(results["chosen"] == HostTensor(.float32, [batch, 2], [3, 2.5]))
    }
  }

  @Test func `never squeezes the batch`() throws {
    for batch in [1, 4] {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [-1, 1, 2, 1])
      graph.add("y", op: "Squeeze", ["x"])
      graph.add("z", op: "Squeeze", ["x"], ["squeeze_dims": .list(.ints([1, -1]))])
      let results = try graph.evaluated(
        ["y", "z"], batch: batch, feeds: ["x": HostTensor(.float32, [batch, 1, 2, 1], [1, 2])])
      #expect(results["y"]?.shape == [batch, 2] && results["z"]?.shape == [batch, 2])
    }
  }

  @Test func `becomes data where data needs it`() throws {
    for batch in [2, 5] {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [-1, 6])
      graph.add("shape", op: "Shape", ["x"])
      graph.add("count", op: "Size", ["x"], ["out_type": .type(.int64)])
      graph.add("number", op: "Cast", ["count"], ["DstT": .type(.float)])
      graph.add("y", op: "Mul", ["x", "number"])
      graph.add("rank", op: "Rank", ["x"])
      let results = try graph.evaluated(
        ["shape", "y", "rank", "count"], batch: batch, feeds: ["x": HostTensor(.float32, [batch, 6], [1])])
      #expect(results["shape"] == .integers([batch, 6]))
      #expect(results["count"] == .integers([batch * 6], [], .int64))
      #expect(results["y"] == HostTensor(.float32, [batch, 6], [Double(batch * 6)]))
      #expect(results["rank"] == .integers([2], []))
    }
  }

  @Test func `counts from one extent to another, in the direction of the steps`() throws {
    func range(to difference: Int32, by delta: Int32) throws -> TensorType {
      try type(of: "y") { graph in
        graph.add("shape", op: "Shape", ["x"])
        extent(&graph, "b", "shape", 0)
        graph.constant("difference", integers: [difference])
        graph.add("limit", op: "Add", ["b", "difference"])
        graph.constant("delta", integers: [delta])
        graph.add("y", op: "Range", ["b", "limit", "delta"])
      }
    }
    for (difference, delta, count) in [(0, 1, 0), (0, -2, 0), (3, 1, 3), (-3, -2, 2)] as [(Int32, Int32, Int)] {
      #expect(try range(to: difference, by: delta) == TensorType(.int32, [Extent(count)]), "\(difference), \(delta)")
    }
    for (difference, delta) in [(-3, 1), (3, -1)] as [(Int32, Int32)] {
      #expect(throws: GraphImportError.self) { try range(to: difference, by: delta) }
    }
  }

  @Test func `keeps every bit of large integers`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 6])
    graph.add("shape", op: "Shape", ["x"], ["out_type": .type(.int64)])
    graph.constant("large", TensorProto(.int64, [2], .int64s([.max, .min])))
    graph.constant("axis", integers: [0])
    graph.add("joined", op: "ConcatV2", ["shape", "large", "axis"])
    graph.constant("limit", TensorProto(.int64, [], .int64s([.max])))
    graph.add("same", op: "Equal", ["joined", "limit"])
    let results = try graph.evaluated(["same"], batch: 2, feeds: ["x": HostTensor(.float32, [2, 6], [1])])
    #expect(results["same"] == .truth([false, false, true, false]))
  }

  @Test(arguments: ["RandomUniform", "BroadcastTo", "ScatterNd", "StridedSliceGrad"])
  func `has no negative extents, wherever they would come from`(_ op: String) throws {
    let error = try #require(throws: GraphImportError.self) {
      try type(of: "y") { graph in
        graph.constant("shape", integers: [-2, 3], [2])
        graph.constant("axis", integers: [0])
        graph.constant("place", integers: [0], [1, 1])
        graph.constant("rows", [1, 2, 3], [1, 3])
        for (name, number) in [("begin", 0), ("end", 1), ("step", 1)] as [(String, Int32)] {
          graph.constant(name, integers: [number], [1])
        }
        let inputs = [
          "BroadcastTo": ["rows", "shape"], "ScatterNd": ["place", "rows", "shape"],
          "StridedSliceGrad": ["shape", "begin", "end", "step", "rows"],
        ]
        graph.add("made", op: op, inputs[op] ?? ["shape"], ["dtype": .type(.float)])
        graph.add("y", op: "Cumprod", ["made", "axis"])
      }
    }
    #expect("\(error)".hasPrefix("node 'made' (\(op))"), "\(error)")
  }

  @Test(arguments: [Int64.min, -1, 1 << 32])
  func `has no images of a height that images cannot have`(_ height: Int64) throws {
    let error = try #require(throws: GraphImportError.self) {
      try type(of: "y") { graph in
        graph.placeholder("d", .float, [-1, 2, 2, 1])
        graph.constant("shape", TensorProto(.int64, [4], .int64s([-1, height, 4, 1])))
        let sizes = AttrValue.list(.ints([1, 2, 2, 1]))
        graph.add(
          "y", op: "AvgPoolGrad", ["shape", "d"], ["ksize": sizes, "strides": sizes, "padding": .text("SAME")])
      }
    }
    #expect("\(error)".contains("known height and width"), "\(error)")
  }

  @Test func `follows a shape without elements, however large its other extents are`() throws {
    func found(_ op: String, _ inputs: [String]) throws -> TensorType {
      try type(of: "y") { graph in
        graph.constant("large", TensorProto(.int32, [1 << 62, 4, 0], .int32s([])))
        graph.constant("start", integers: [0, 0, 0])
        graph.constant("rest", integers: [-1, -1, -1])
        for (name, number) in [("first", 0), ("second", 1), ("third", 2)] as [(String, Int32)] {
          graph.constant(name, integers: [number])
        }
        graph.placeholder("longest", .float, [.max, 0])
        graph.constant("shift", integers: [1], [1])
        graph.constant("axis", integers: [0], [1])
        for (name, number) in [("begin", 0), ("end", -1), ("step", 3)] as [(String, Int32)] {
          graph.constant(name, integers: [number], [1])
        }
        graph.add("y", op: op, inputs)
      }
    }
    let large: Shape = [Extent(1 << 62), 4, 0]
    #expect(try found("AddV2", ["large", "large"]).shape == large)
    #expect(try found("Slice", ["large", "start", "rest"]).shape == large)
    #expect(try found("ConcatV2", ["large", "large", "third"]).shape == large)
    #expect(try found("ConcatV2", ["large", "large", "second"]).shape == [Extent(1 << 62), 8, 0])
    #expect(throws: GraphImportError.self) { try found("ConcatV2", ["large", "large", "first"]) }
    #expect(try found("MatrixBandPart", ["longest", "first", "first"]).shape == [Extent(Int.max), 0])
    #expect(try found("Roll", ["longest", "shift", "axis"]).shape == [Extent(Int.max), 0])
    let third = Extent((Int.max - 2) / 3 + 1)
    #expect(try found("StridedSlice", ["longest", "begin", "end", "step"]).shape == [third, 0])
  }

  @Test func `ends in an error where shapes cannot be`() throws {
    func refusal(_ build: (inout GraphDefBuilder) -> Void) -> String {
      do {
        let found = try type(of: "y", in: build)
        return "none: \(found)"
      } catch { return "\(error)" }
    }
    let lists: [[Int32]] = [[0, -1], [-1, -1], [5, -1], [-2, -3], [.min, -1], [.max, .max, .max], [-6, -1]]
    for target in lists {
      let message = refusal { graph in
        graph.constant("target", integers: target, [target.count])
        graph.add("y", op: "Reshape", ["x", "target"])
      }
      #expect(message.hasPrefix("node 'y' (Reshape): 6B elements cannot have the shape"), "\(message)")
    }
    let fromData = refusal { graph in
      graph.add("target", op: "Cast", ["x"], ["DstT": .type(.int32)])
      graph.add("y", op: "Reshape", ["x", "target"])
    }
    #expect(fromData == "node 'y' (Reshape): operand 1 depends on data, expected a shape known from the graph")
    for (delta, limit) in [(Int32(1), Int32.max), (-1, .min), (0, 5)] {
      let message = refusal { graph in
        graph.constant("zero", integers: [0])
        graph.constant("limit", integers: [limit])
        graph.constant("delta", integers: [delta])
        graph.add("y", op: "Range", ["zero", "limit", "delta"])
      }
      #expect(message.hasPrefix("node 'y' (Range)"), "\(message)")
    }
    let negative = refusal { graph in
      graph.constant("shape", integers: [-1, 5], [2])
      graph.constant("number", integers: [5])
      graph.add("y", op: "Fill", ["shape", "number"])
    }
    #expect(negative.hasPrefix("node 'y' (Fill)"), "\(negative)")
    let huge = refusal { graph in
      graph.constant("y", TensorProto(.int32, [1 << 62, 1 << 62, 0], .int32s([])))
    }
    #expect(huge.hasPrefix("none") || huge.hasPrefix("node 'y' (Const)"), "\(huge)")
  }
}
