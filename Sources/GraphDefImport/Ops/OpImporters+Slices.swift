import Graph
import Kernels

extension OpImporter {
  /// Parts of tensors.
  static let slices: [String: OpImporter] = [
    "Slice": OpImporter(outputs: { node in
      let shape = try node.shape(0)
      let starts = try node.integers(1, expected: "where the slice starts").elements
      let sizes = try node.shapeOperand(2)
      guard starts.count == shape.rank, sizes.count == shape.rank else {
        throw ImportError.Reason.other("\(starts.count) starts and \(sizes.count) sizes for \(shape.rank) axes")
      }
      let extents = try (0..<shape.rank).map { axis in
        guard sizes[axis] == -1 else { return sizes[axis] }
        guard let rest = shape[axis].subtracting(starts[axis]) else {
          throw ImportError.Reason.other("a slice from \(starts[axis]) on")
        }
        return rest
      }
      return [try node.part(starts: starts, strides: starts.map { _ in 1 }, shape: Shape(extents))]
    }),
    "StridedSlice": OpImporter(outputs: { node in
      if let element = try node.elementAtComputedPlace() { return [.value(element)] }
      let slice = try StridedSliceReader(node).slice(of: node.shape(0))
      let part = try node.part(starts: slice.starts.map { Extent($0) }, strides: slice.strides, shape: slice.shape)
      switch part {
      case .integers(var integers):
        integers.shape = slice.result.constant ?? integers.shape
        return [.integers(integers)]
      case .value(let value): return [.value(try value.reshaped(to: slice.result))]
      default: return [part]
      }
    }),
    "StridedSliceGrad": OpImporter { node in
      let shape = try node.definiteShape(0)
      let slice = try StridedSliceReader(node).slice(of: shape)
      let part = try node.operand(4).reshaped(to: slice.shape)
      return try part.placed(Slice(starts: slice.starts, strides: slice.strides, shape: slice.shape), in: shape)
    },
  ]
}

extension NodeReader {
  /// The part of operand 0 that a slice takes; known integers stay known.
  fileprivate func part(starts: [Extent], strides: [Int], shape: Shape) throws -> ImportedTensor {
    if case .integers(let integers) = try tensor(0),
      let part = try integers.part(Slice(starts: starts, strides: strides, shape: shape))
    {
      return .integers(part)
    }
    return .value(try operand(0).sliced(from: starts, shape: shape, by: strides))
  }

  /// The element of the first axis that a `StridedSlice` takes at a place which depends on data, counted from the end if
  /// it is negative; `nil` if it takes something else.
  fileprivate func elementAtComputedPlace() throws -> Value? {
    guard case .value(let place) = try tensor(1), place.literal == nil, place.shape.count == 1,
      try int("shrink_axis_mask", default: 0) & 1 == 1
    else { return nil }
    let x = try operand(0)
    guard let extent = x.shape.extents.first else { throw ImportError.Reason.other("an element of a single number") }
    let given = try place.reshaped(to: [])
    let counted = try given.adding(Value.extent(extent, given.dtype, in: builder))
    let isNegative = try given.compared(.less, Value.constant(0, given.dtype, in: builder))
    return try x.gatheringRows(isNegative.selecting(counted, given))
  }
}

/// Works out which elements a `StridedSlice` takes: Python's `x[begin:end:step, ..., newaxis, i]`.
///
/// - SeeAlso: TensorFlow's operation `StridedSlice` and its masks.
struct StridedSliceReader {
  private let begin: [Int]
  private let end: [Extent]
  private let strides: [Int]
  private let masks: (begin: Int, end: Int, ellipsis: Int, newAxis: Int, shrink: Int)

  init(_ node: NodeReader) throws {
    begin = try node.constants(1, expected: "where the slice begins")
    end = try node.integers(2, expected: "where the slice ends").elements
    strides = try node.constants(3, expected: "the slice's steps")
    guard begin.count == end.count, begin.count == strides.count, begin.count <= 32 else {
      throw ImportError.Reason.other("\(begin.count) beginnings, \(end.count) ends and \(strides.count) steps")
    }
    masks = (
      try node.int("begin_mask", default: 0), try node.int("end_mask", default: 0),
      try node.int("ellipsis_mask", default: 0), try node.int("new_axis_mask", default: 0),
      try node.int("shrink_axis_mask", default: 0)
    )
  }

  private func isSet(_ mask: Int, _ index: Int) -> Bool { mask & (1 << index) != 0 }

  /// The slice of a tensor of shape `shape`, and the shape after axes were dropped and added.
  func slice(of shape: Shape) throws -> (starts: [Int], strides: [Int], shape: Shape, result: Shape) {
    var (starts, steps, taken, result): ([Int], [Int], [Extent], [Extent]) = ([], [], [], [])
    var axis = 0
    func takeAll() {
      starts.append(0)
      steps.append(1)
      taken.append(shape[axis])
      result.append(shape[axis])
      axis += 1
    }
    for index in begin.indices {
      if isSet(masks.ellipsis, index) {
        let behind = (index + 1..<begin.count).count { !isSet(masks.newAxis, $0) }
        while axis < shape.rank - behind { takeAll() }
        continue
      }
      if isSet(masks.newAxis, index) {
        result.append(1)
        continue
      }
      guard axis < shape.rank else {
        throw ImportError.Reason.other("more indices than the \(shape.rank) axes of \(shape)")
      }
      let range = try self.range(index, of: shape[axis])
      starts.append(range.start)
      steps.append(range.step)
      taken.append(range.count)
      if !isSet(masks.shrink, index) { result.append(range.count) }
      axis += 1
    }
    while axis < shape.rank { takeAll() }
    return (starts, steps, Shape(taken), Shape(result))
  }

  private func range(_ index: Int, of extent: Extent) throws -> (start: Int, step: Int, count: Extent) {
    let step = strides[index]
    guard step != 0, step.magnitude < Int32.max else { throw ImportError.Reason.other("a slice with steps of \(step)") }
    if isSet(masks.shrink, index) {
      let position = begin[index]
      guard let fixed = extent.constant else {
        guard position >= 0 else { throw ImportError.Reason.other("an example counted from the end of the batch") }
        return (position, 1, 1)
      }
      let start = position < 0 ? position + fixed : position
      guard start >= 0, start < fixed else { throw ImportError.Reason.other("index \(position) of \(fixed)") }
      return (start, 1, 1)
    }
    guard let fixed = extent.constant else { return try batchRange(index, of: extent) }
    let limits = step > 0 ? (0, fixed) : (-1, fixed - 1)
    func clamped(_ position: Int) -> Int {
      let counted = position < 0 ? position + fixed : position
      return min(max(counted, limits.0), limits.1)
    }
    guard let last = isSet(masks.end, index) ? 0 : end[index].constant else {
      throw ImportError.Reason.other("a slice of a fixed axis whose end depends on the batch")
    }
    let start = isSet(masks.begin, index) ? (step > 0 ? 0 : fixed - 1) : clamped(begin[index])
    let stop = isSet(masks.end, index) ? (step > 0 ? fixed : -1) : clamped(last)
    let span = step > 0 ? stop - start : start - stop
    let count = span <= 0 ? 0 : (span - 1) / Int(step.magnitude) + 1
    return (count == 0 ? 0 : start, step, Extent(count))
  }

  /// A range of the batch: from a fixed example to the end, or to a fixed distance from it.
  private func batchRange(_ index: Int, of extent: Extent) throws -> (start: Int, step: Int, count: Extent) {
    let start = isSet(masks.begin, index) ? 0 : begin[index]
    guard strides[index] == 1, start >= 0 else {
      throw ImportError.Reason.other("a slice of the batch with steps, or counted from its end")
    }
    var stop: Extent? = isSet(masks.end, index) ? extent : end[index]
    if let fixed = stop?.constant, fixed < 0 { stop = extent.adding(Extent(fixed)) }
    guard let stop, let count = stop.subtracting(Extent(start)) else { throw ImportError.Reason.other("a slice") }
    if let fixed = count.constant, fixed <= 0 { return (0, 1, 0) }
    return (start, 1, count)
  }
}
