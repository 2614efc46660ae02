import Graph
import GraphDefImport
import Kernels
import TestSupport
import Testing

@Suite struct `A strided slice` {
  /// One entry of Python's `x[…]`.
  enum Index: Hashable {
    case range(begin: Int?, end: Int?, step: Int)
    case position(Int)
    case newAxis
    case ellipsis
  }

  /// What Python's `x[indices]` is: a shape, and the positions of its elements in `x`.
  static func reference(_ shape: [Int], _ indices: [Index]) -> (shape: [Int], positions: [Int])? {
    var expanded: [Index] = []
    let taken = indices.filter { $0 != .newAxis && $0 != .ellipsis }.count
    let rest = Array(repeating: Index.range(begin: nil, end: nil, step: 1), count: max(0, shape.count - taken))
    var hasEllipsis = false
    for index in indices {
      if index == .ellipsis {
        expanded += rest
        hasEllipsis = true
      } else {
        expanded.append(index)
      }
    }
    if !hasEllipsis { expanded += rest }
    var result: [Int] = []
    var positions = [0]
    var axis = 0
    for index in expanded {
      guard index != .newAxis else {
        result.append(1)
        continue
      }
      guard axis < shape.count else { return nil }
      let extent = shape[axis]
      let stride = shape[(axis + 1)...].reduce(1, *)
      var chosen: [Int] = []
      switch index {
      case .position(let position):
        let counted = position < 0 ? position + extent : position
        guard counted >= 0, counted < extent else { return nil }
        chosen = [counted]
      case .range(let begin, let end, let step):
        // As CPython's `PySlice_AdjustIndices`.
        func adjusted(_ position: Int) -> Int {
          let counted = position < 0 ? position + extent : position
          if counted < 0 { return step < 0 ? -1 : 0 }
          return counted >= extent ? (step < 0 ? extent - 1 : extent) : counted
        }
        var place = begin.map(adjusted) ?? (step < 0 ? extent - 1 : 0)
        let stop = end.map(adjusted) ?? (step < 0 ? -1 : extent)
        while step > 0 ? place < stop : place > stop {
          chosen.append(place)
          place += step
        }
        result.append(chosen.count)
      case .newAxis, .ellipsis: break
      }
      positions = positions.flatMap { position in chosen.map { position + $0 * stride } }
      axis += 1
    }
    return (result, positions)
  }

  /// Adds the node `y` for `x[indices]`.
  static func add(_ graph: inout GraphDefBuilder, _ indices: [Index]) {
    var (begins, ends, steps): ([Int32], [Int32], [Int32]) = ([], [], [])
    var masks = ["begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0]
    for (place, index) in indices.enumerated() {
      func set(_ mask: String) { masks[mask]! |= 1 << place }
      var (begin, end, step) = (0, 0, 1)
      switch index {
      case .range(let first, let last, let stride):
        (begin, end, step) = (first ?? 77, last ?? -77, stride)
        if first == nil { set("begin_mask") }
        if last == nil { set("end_mask") }
      case .position(let position):
        (begin, end) = (position, position + 1)
        set("shrink_axis_mask")
      case .newAxis: set("new_axis_mask")
      case .ellipsis: set("ellipsis_mask")
      }
      begins.append(Int32(begin))
      ends.append(Int32(end))
      steps.append(Int32(step))
    }
    graph.constant("begin", integers: begins, [begins.count])
    graph.constant("end", integers: ends, [ends.count])
    graph.constant("step", integers: steps, [steps.count])
    var attributes: AttributeMap = [:]
    for (name, mask) in masks.sorted(by: { $0.key < $1.key }) { attributes[name] = .int(Int64(mask)) }
    graph.add("y", op: "StridedSlice", ["x", "begin", "end", "step"], attributes)
  }

  private static func draw(_ random: inout SplitMix64, rank: Int, keepsFirst: Bool) -> [Index] {
    var indices: [Index] = []
    var axes = 0
    var hasEllipsis = false
    while indices.count < rank + 2 {
      if keepsFirst, indices.isEmpty {
        indices.append(.range(begin: nil, end: nil, step: 1))
        axes += 1
        continue
      }
      switch Int.random(in: 0..<9, using: &random) {
      case 0: indices.append(.newAxis)
      case 1 where !hasEllipsis:
        indices.append(.ellipsis)
        hasEllipsis = true
      case 2 where axes < rank:
        indices.append(.position(Int.random(in: -3...2, using: &random)))
        axes += 1
      case 3...6 where axes < rank:
        let begin = Bool.random(using: &random) ? nil : Int.random(in: -6...6, using: &random)
        let end = Bool.random(using: &random) ? nil : Int.random(in: -6...6, using: &random)
        indices.append(.range(begin: begin, end: end, step: [1, 1, 2, 3, -1, -2].randomElement(using: &random)!))
        axes += 1
      default: return indices
      }
    }
    return indices
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `takes what Python takes`(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let isBatched = Bool.random(using: &random)
      let shape = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 1...4, using: &random) }
      let indices = Self.draw(&random, rank: shape.count, keepsFirst: isBatched)
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, TensorShapeProto(isBatched ? [-1] + shape.dropFirst() : shape))
      Self.add(&graph, indices)
      let x = HostTensor(.float32, shape, (0..<shape.reduce(1, *)).map { Double($0) })
      guard let expected = Self.reference(shape, indices), expected.shape.count <= 8 else {
        #expect(throws: GraphImportError.self, "\(indices) of \(shape)") {
          try graph.evaluated(["y"], batch: shape[0], feeds: ["x": x])
        }
        continue
      }
      let found = try graph.evaluated(["y"], batch: isBatched ? shape[0] : 1, feeds: ["x": x])["y"]
      #expect(
        found == HostTensor(.float32, expected.shape, expected.positions.map { Double($0) }),
        "\(indices) of \(shape), batched: \(isBatched)")
    }
  }

  @Test func `takes ranges of the batch`() throws {
    let cases: [([Index], Shape, [Double])] = [
      ([.range(begin: 1, end: nil, step: 1)], [Extent(batches: 1, fixed: -1), 2], [2, 3, 4, 5, 6, 7]),
      ([.range(begin: nil, end: -1, step: 1)], [Extent(batches: 1, fixed: -1), 2], [0, 1, 2, 3, 4, 5]),
      ([.range(begin: nil, end: 2, step: 1)], [2, 2], [0, 1, 2, 3]),
      ([.range(begin: 2, end: 1, step: 1)], [0, 2], []),
      ([.position(1)], [2], [2, 3]),
    ]
    for (indices, shape, expected) in cases {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [-1, 2])
      Self.add(&graph, indices)
      #expect(try graph.program(["y"]).type(ofOutput: "y")?.shape == shape)
      let x = HostTensor(.float32, [4, 2], (0..<8).map { Double($0) })
      #expect(try graph.evaluated(["y"], batch: 4, feeds: ["x": x])["y"]?.values == expected)
    }
    for indices in [
      [Index.position(-1)], [.range(begin: nil, end: nil, step: 2)], [.range(begin: -2, end: nil, step: 1)],
    ] {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [-1, 2])
      Self.add(&graph, indices)
      #expect(throws: GraphImportError.self) { try graph.program(["y"]) }
    }
  }

  @Test func `counts a place that data computes from the end if it is negative`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 2])
    graph.placeholder("m", .float, [3, 2])
    graph.placeholder("place", .int32, [1])
    graph.constant("end", integers: [0], [1])
    graph.constant("step", integers: [1], [1])
    for (name, whole) in [("y", "x"), ("z", "m")] {
      graph.add(name, op: "StridedSlice", [whole, "place", "end", "step"], ["shrink_axis_mask": .int(1)])
    }
    func rows(at place: Int) throws -> [String: HostTensor] {
      let x = HostTensor(.float32, [3, 2], [0, 1, 2, 3, 4, 5])
      return try graph.evaluated(["y", "z"], feeds: ["x": x, "m": x, "place": .integers([place])])
    }
    for (place, row) in [(0, [0, 1]), (2, [4, 5]), (-1, [4, 5]), (-3, [0, 1])] as [(Int, [Double])] {
      let found = try rows(at: place)
      #expect(found["y"] == .floats(row) && found["z"] == .floats(row), "\(place)")
    }
    for place in [3, -4] {
      #expect(throws: ExecutionFailure.self) { try rows(at: place) }
    }
  }

  @Test func `ends in an error where it cannot be, whatever the numbers`() throws {
    let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, 5, .max]
    for begin in extremes {
      for end in extremes {
        for step in extremes {
          for mask in [0, 1] {
            var graph = GraphDefBuilder()
            graph.placeholder("x", .float, [-1, 5])
            graph.add("shape", op: "Shape", ["x"])
            for (name, value) in [("begin", begin), ("end", end), ("step", step)] {
              graph.constant(name, TensorProto(.int64, [2], .int64s(name == "step" ? [1, value] : [0, value])))
              graph.constant("\(name)1", TensorProto(.int64, [1], .int64s([value])))
            }
            let attributes: AttributeMap = ["end_mask": .int(1), "shrink_axis_mask": .int(Int64(mask * 2))]
            graph.add("y", op: "StridedSlice", ["x", "begin", "end", "step"], attributes)
            graph.add("z", op: "StridedSlice", ["x", "begin1", "end1", "step1"])
            graph.add("s", op: "StridedSlice", ["shape", "begin1", "end1", "step1"])
            graph.add("t", op: "Slice", ["x", "begin", "end"])
            graph.add("u", op: "Slice", ["shape", "begin1", "end1"])
            for fetch in ["y", "z", "s", "t", "u"] {
              _ = try? graph.evaluated([fetch], batch: 3, feeds: ["x": HostTensor(.float32, [3, 5], [1])])
            }
          }
        }
      }
    }
  }
}
