import Graph
import Kernels

extension OpImporter {
  /// Taking tensors apart, padding and turning them round.
  static let parts: [String: OpImporter] = [
    "Split": OpImporter(outputs: { node in
      let x = try node.operand(1)
      let axis = try node.axis(node.constant(0, expected: "an axis"), rank: x.shape.rank)
      let count = try node.int("num_split")
      guard count > 0, count <= 65_536, let size = x.shape[axis].divided(by: Extent(count)) else {
        throw ImportError.Reason.other("axis \(axis) of \(x.shape) does not split into \(count) parts")
      }
      return try x.split(along: axis, Array(repeating: size, count: count))
    }),
    "SplitV": OpImporter(outputs: { node in
      let x = try node.operand(0)
      let axis = try node.axis(node.constant(2, expected: "an axis"), rank: x.shape.rank)
      var sizes = try node.integers(1, expected: "sizes").elements
      if let unknown = sizes.firstIndex(of: -1) {
        var rest: Extent? = x.shape[axis]
        for (index, size) in sizes.enumerated() where index != unknown { rest = rest?.subtracting(size) }
        guard let rest else { throw ImportError.Reason.other("the parts are larger than the whole") }
        sizes[unknown] = rest
      }
      return try x.split(along: axis, sizes)
    }),
    "Unpack": OpImporter(outputs: { node in
      if let known = try node.unpackedIntegers() { return known }
      let x = try node.operand(0)
      let axis = try node.axis(node.int("axis", default: 0), rank: x.shape.rank)
      guard let count = x.shape[axis].constant, count == (try node.int("num")), count <= 65_536 else {
        throw ImportError.Reason.other("axis \(axis) of \(x.shape) is not unpacked into as many tensors")
      }
      return try x.unpacked(along: axis, count: count)
    }),
    "Pad": OpImporter { node in try node.padded(with: nil) },
    "PadV2": OpImporter { node in try node.padded(with: node.operand(2)) },
    "MirrorPad": OpImporter { node in
      let x = try node.operand(0)
      let (before, after) = try node.paddings(rank: x.shape.rank)
      let skipped = try node.text("mode", default: "REFLECT") == "REFLECT" ? 1 : 0
      return try (0..<x.shape.rank).reduce(x) { x, axis in
        try x.mirrored(along: axis, before: before[axis], after: after[axis], skipping: skipped)
      }
    },
    "MirrorPadGrad": OpImporter { node in
      let d = try node.operand(0)
      let (before, after) = try node.paddings(rank: d.shape.rank)
      let skipped = try node.text("mode", default: "REFLECT") == "REFLECT" ? 1 : 0
      return try (0..<d.shape.rank).reduce(d) { d, axis in
        try d.mirrorGradient(along: axis, before: before[axis], after: after[axis], skipping: skipped)
      }
    },
    "ReverseV2": OpImporter { node in
      let x = try node.operand(0)
      return try node.axes(1, rank: x.shape.rank).axes.reduce(x) { x, axis in
        guard let count = x.shape[axis].constant else {
          throw ImportError.Reason.other("the order of the batch is not reversed")
        }
        return try x.reversed(along: axis, from: count - 1, count: count)
      }
    },
    "Roll": OpImporter { node in
      let x = try node.operand(0)
      let (shifts, axes) = (try node.constants(1, expected: "shifts"), try node.constants(2, expected: "axes"))
      guard shifts.count == axes.count else {
        throw ImportError.Reason.other("\(shifts.count) shifts along \(axes.count) axes")
      }
      return try zip(shifts, axes).reduce(x) { x, pair in
        try x.rolled(by: pair.0, along: node.axis(pair.1, rank: x.shape.rank))
      }
    },
    "GatherNd": OpImporter { try $0.operand(0).gatheringPlaces($0.operand(1)) },
    "ScatterNd": OpImporter { node in
      let values = try node.operand(1)
      let type = TensorType(values.dtype, Shape(try node.shapeOperand(2)))
      return try node.operand(0).scatteringPlaces(values, into: type)
    },
    "SpaceToDepth": OpImporter { try $0.spaceToDepth() },
    "DepthToSpace": OpImporter { try $0.depthToSpace() },
    "SpaceToBatchND": OpImporter { try $0.spaceToBatch() },
    "BatchToSpaceND": OpImporter { try $0.batchToSpace() },
  ]
}

extension Value {
  /// The parts of this value behind each other along `axis`.
  fileprivate func split(along axis: Int, _ sizes: [Extent]) throws -> [ImportedTensor] {
    var starts = Array(repeating: Extent(0), count: shape.rank)
    var parts: [ImportedTensor] = []
    for size in sizes {
      parts.append(.value(try sliced(from: starts, shape: shape.replacing(axis: axis, with: size))))
      guard let next = starts[axis].adding(size) else {
        throw ImportError.Reason.other("the parts \(sizes) are too large")
      }
      starts[axis] = next
    }
    guard starts[axis] == shape[axis] else {
      throw ImportError.Reason.other("the parts \(sizes) do not make up axis \(axis) of \(shape)")
    }
    return parts
  }

  /// The `count` parts of this value that `axis` numbers, without that axis.
  func unpacked(along axis: Int, count: Int) throws -> [ImportedTensor] {
    let rest = shape.extents.enumerated().filter { $0.offset != axis }.map(\.element)
    return try split(along: axis, Array(repeating: 1, count: count)).map { part in
      guard case .value(let value) = part else { return part }
      return .value(try value.reshaped(to: Shape(rest)))
    }
  }

  /// `count` elements along `axis` backwards from `start` on.
  fileprivate func reversed(along axis: Int, from start: Int, count: Int) throws -> Value {
    if count == 0 { return try sliced(from: shape.extents.map { _ in 0 }, shape: shape.replacing(axis: axis, with: 0)) }
    var starts = Array(repeating: 0, count: shape.rank)
    var strides = Array(repeating: 1, count: shape.rank)
    (starts[axis], strides[axis]) = (start, -1)
    return try sliced(from: starts, shape: shape.replacing(axis: axis, with: Extent(count)), by: strides)
  }

  /// This value with its elements moved on by `shift` places along `axis`, the last ones to the front.
  fileprivate func rolled(by shift: Int, along axis: Int) throws -> Value {
    guard let count = shape[axis].constant else { throw ImportError.Reason.other("the batch is not rolled") }
    let rest = count == 0 ? 0 : shift % count
    let moved = rest < 0 ? rest + count : rest
    guard moved != 0 else { return self }
    var starts = Array(repeating: 0, count: shape.rank)
    let front = try sliced(from: starts, shape: shape.replacing(axis: axis, with: Extent(count - moved)))
    starts[axis] = count - moved
    return try Value.concatenating(
      [sliced(from: starts, shape: shape.replacing(axis: axis, with: Extent(moved))), front], along: axis)
  }

  /// This value with its mirror images in front and behind, without the `skipping` elements at the border.
  fileprivate func mirrored(along axis: Int, before: Int, after: Int, skipping: Int) throws -> Value {
    if before == 0, after == 0 { return self }
    guard let count = shape[axis].constant, before + skipping <= count, after + skipping <= count else {
      throw ImportError.Reason.other("a mirror image of more elements than axis \(axis) of \(shape) has")
    }
    var parts = [self]
    if before > 0 { parts.insert(try reversed(along: axis, from: before - 1 + skipping, count: before), at: 0) }
    if after > 0 { parts.append(try reversed(along: axis, from: count - 1 - skipping, count: after)) }
    return try Value.concatenating(parts, along: axis)
  }

  /// The cotangent of what ``mirrored(along:before:after:skipping:)`` mirrored, of which this value is the result's.
  fileprivate func mirrorGradient(along axis: Int, before: Int, after: Int, skipping: Int) throws -> Value {
    if before == 0, after == 0 { return self }
    guard let whole = shape[axis].constant, whole - before - after >= max(before, after) + skipping else {
      throw ImportError.Reason.other("a mirror image of more elements than axis \(axis) of \(shape) has")
    }
    let count = whole - before - after
    let inner = shape.replacing(axis: axis, with: Extent(count))
    var starts = Array(repeating: 0, count: shape.rank)
    func place(_ part: Value, at start: Int) throws -> Value {
      starts[axis] = start
      let slice = Slice(starts: starts, strides: starts.map { _ in 1 }, shape: part.shape)
      return try part.placed(slice, in: inner)
    }
    starts[axis] = before
    var total = try sliced(from: starts, shape: inner)
    if before > 0 {
      total = try total.adding(place(reversed(along: axis, from: before - 1, count: before), at: skipping))
    }
    if after > 0 {
      let image = try reversed(along: axis, from: whole - 1, count: after)
      total = try total.adding(place(image, at: count - after - skipping))
    }
    return total
  }
}

extension NodeReader {
  /// Operand 0, a vector of known integers, taken apart; `nil` if it is something else.
  fileprivate func unpackedIntegers() throws -> [ImportedTensor]? {
    guard case .integers(let integers) = try tensor(0), integers.shape.count == 1,
      integers.elements.count == (try int("num"))
    else { return nil }
    return integers.elements.map { .integers(KnownIntegers(integers.dtype, shape: [], [$0])) }
  }

  /// Operand 1 as the padding in front of and behind each axis.
  fileprivate func paddings(rank: Int) throws -> (before: [Int], after: [Int]) {
    let values = try constants(1, expected: "paddings")
    guard values.count == 2 * rank, values.allSatisfy({ (0...(1 << 30)).contains($0) }) else {
      throw ImportError.Reason.other("paddings \(values) of \(rank) axes")
    }
    return ((0..<rank).map { values[2 * $0] }, (0..<rank).map { values[2 * $0 + 1] })
  }

  fileprivate func padded(with number: Value?) throws -> Value {
    let x = try operand(0)
    let (before, after) = try paddings(rank: x.shape.rank)
    return try x.padded(before: before, after: after, with: number ?? Value.constant(0, x.dtype, in: builder))
  }

  /// The block size of images, and the operand's extents, channels last.
  private func blocks() throws -> (x: Value, size: Int, height: Int, width: Int, channels: Int) {
    let x = try operand(0)
    let size = try int("block_size")
    guard try text("data_format", default: "NHWC") == "NHWC", x.shape.rank == 4, size > 0, size <= 1 << 15,
      let extents = Shape(Array(x.shape.extents.dropFirst())).constant
    else { throw ImportError.Reason.other("blocks are taken of images with channels last only") }
    return (x, size, extents[0], extents[1], extents[2])
  }

  fileprivate func spaceToDepth() throws -> Value {
    let (x, size, height, width, channels) = try blocks()
    guard height % size == 0, width % size == 0 else {
      throw ImportError.Reason.other("\(x.shape) has no whole blocks of \(size)")
    }
    let (rows, columns, block) = (Extent(height / size), Extent(width / size), Extent(size))
    guard let joined = Extent(size * size).multiplied(by: Extent(channels)) else {
      throw ImportError.Reason.other("blocks of \(size) × \(size) of \(x.shape)")
    }
    return try x.reshaped(to: [x.shape[0], rows, block, columns, block, Extent(channels)])
      .transposed(to: [0, 1, 3, 2, 4, 5])
      .reshaped(to: [x.shape[0], rows, columns, joined])
  }

  fileprivate func depthToSpace() throws -> Value {
    let (x, size, height, width, channels) = try blocks()
    guard size <= channels, channels % (size * size) == 0 else {
      throw ImportError.Reason.other("\(channels) channels are no blocks of \(size) × \(size)")
    }
    let block = Extent(size)
    let rest = Extent(channels / (size * size))
    guard let rows = Extent(height).multiplied(by: block), let columns = Extent(width).multiplied(by: block) else {
      throw ImportError.Reason.other("blocks of \(size) × \(size) of \(x.shape)")
    }
    return try x.reshaped(to: [x.shape[0], Extent(height), Extent(width), block, block, rest])
      .transposed(to: [0, 1, 3, 2, 4, 5])
      .reshaped(to: [x.shape[0], rows, columns, rest])
  }

  /// The block shape, and operand 2: what is padded or cropped in front of and behind each of its axes.
  private func spatialBlocks(_ x: Value) throws -> (block: [Int], before: [Int], after: [Int]) {
    let block = try constants(1, expected: "a block shape")
    let edges = try constants(2, expected: "paddings or crops")
    guard !block.isEmpty, x.shape.rank > block.count, edges.count == 2 * block.count,
      block.allSatisfy({ $0 > 0 && $0 < 1 << 20 }), edges.allSatisfy({ $0 >= 0 && $0 < 1 << 30 })
    else { throw ImportError.Reason.other("blocks \(block) of \(x.shape)") }
    return (block, block.indices.map { edges[2 * $0] }, block.indices.map { edges[2 * $0 + 1] })
  }

  fileprivate func spaceToBatch() throws -> Value {
    let operand = try operand(0)
    let (block, before, after) = try spatialBlocks(operand)
    let rest = Array(repeating: 0, count: operand.shape.rank - 1 - block.count)
    let x = try operand.padded(
      before: [0] + before + rest, after: [0] + after + rest, with: Value.constant(0, operand.dtype, in: builder))
    var split = [x.shape[0]]
    var joined: [Extent] = []
    for (axis, size) in block.enumerated() {
      guard let count = x.shape[axis + 1].divided(by: Extent(size)) else {
        throw ImportError.Reason.other("\(x.shape) has no whole blocks \(block)")
      }
      split += [count, Extent(size)]
      joined.append(count)
    }
    let tail = Array(x.shape.extents[(1 + block.count)...])
    guard let count = Shape(block).count, let examples = x.shape[0].multiplied(by: count) else {
      throw ImportError.Reason.other("blocks \(block) of \(x.shape)")
    }
    let spatial = block.indices.map { 1 + 2 * $0 }
    let order = block.indices.map { 2 + 2 * $0 } + [0] + spatial + tail.indices.map { 1 + 2 * block.count + $0 }
    return try x.reshaped(to: Shape(split + tail)).transposed(to: order)
      .reshaped(to: Shape([examples] + joined + tail))
  }

  fileprivate func batchToSpace() throws -> Value {
    let x = try operand(0)
    let (block, before, after) = try spatialBlocks(x)
    guard let count = Shape(block).count, let examples = x.shape[0].divided(by: count) else {
      throw ImportError.Reason.other("\(x.shape[0]) examples are no blocks \(block)")
    }
    let tail = Array(x.shape.extents[(1 + block.count)...])
    let spatial = Array(x.shape.extents[1...block.count])
    var order = [block.count]
    var joined = [examples]
    var kept = [examples]
    for (axis, size) in block.enumerated() {
      order += [block.count + 1 + axis, axis]
      guard let whole = spatial[axis].multiplied(by: Extent(size)),
        let part = whole.subtracting(Extent(before[axis] + after[axis]))
      else { throw ImportError.Reason.other("blocks \(block) of \(x.shape)") }
      joined.append(whole)
      kept.append(part)
    }
    order += tail.indices.map { 1 + 2 * block.count + $0 }
    return try x.reshaped(to: Shape(block.map { Extent($0) } + [examples] + spatial + tail)).transposed(to: order)
      .reshaped(to: Shape(joined + tail))
      .sliced(from: [0] + before + tail.map { _ in 0 }, shape: Shape(kept + tail))
  }
}
