import Graph
import Kernels

extension OpImporter {
  /// Rearrangements.
  static let arrays: [String: OpImporter] = {
    let asIs = OpImporter(outputs: { node in [try node.tensor(0)] })
    let stop = OpImporter(outputs: { node in
      if case .integers = try node.tensor(0) { return [try node.tensor(0)] }
      return [.value(try node.operand(0).stoppingGradient())]
    })
    return [
      "Snapshot": asIs, "EnsureShape": asIs, "PlaceholderWithDefault": asIs, "RefIdentity": asIs,
      "DeepCopy": asIs, "PreventGradient": asIs, "CheckNumerics": asIs, "StopGradient": stop,
      "IdentityN": OpImporter(outputs: { node in try node.operands.indices.map { try node.tensor($0) } }),
      "BroadcastTo": OpImporter { node in try node.operand(0).broadcast(to: Shape(node.shapeOperand(1))) },
      "ZerosLike": OpImporter(isDifferentiable: false) { try $0.filled(0, like: $0.operand(0)) },
      "OnesLike": OpImporter(isDifferentiable: false) { try $0.filled(1, like: $0.operand(0)) },
      "Fill": OpImporter(outputs: { node in
        let extents = try node.definiteShape(0).extents
        if case .integers(let value) = try node.tensor(1), let shape = Shape(extents).constant,
          let count = Shape(extents).count?.constant, count <= KnownIntegers.maximumCount, value.elements.count == 1
        {
          return [
            .integers(KnownIntegers(value.dtype, shape: shape, Array(repeating: value.elements[0], count: count)))
          ]
        }
        return [.value(try node.operand(1).broadcast(to: Shape(extents)))]
      }),
      "Reshape": OpImporter(outputs: { node in
        if case .integers(var integers) = try node.tensor(0) {
          let count = Extent(integers.elements.count)
          if let shape = try node.resolved(node.shapeOperand(1), count: count).constant {
            integers.shape = shape
            return [.integers(integers)]
          }
        }
        let x = try node.operand(0)
        guard let count = x.shape.count else { throw ImportError.Reason.other("its operand has B² elements") }
        return [.value(try x.reshaped(to: node.resolved(node.shapeOperand(1), count: count)))]
      }),
      "ExpandDims": OpImporter(outputs: { node in
        let shape = try node.shape(0)
        let axis = try node.axis(node.constant(1, expected: "an axis"), rank: shape.rank + 1)
        var extents = shape.extents
        extents.insert(1, at: axis)
        return [try node.reshaped(0, to: Shape(extents))]
      }),
      "Squeeze": OpImporter(outputs: { node in
        let shape = try node.shape(0)
        let axes = try node.ints("squeeze_dims", default: node.ints("axis", default: []))
          .map { try node.axis($0, rank: shape.rank) }
        for axis in axes where shape[axis] != 1 {
          throw ImportError.Reason.other("axis \(axis) of \(shape) is squeezed, but has more than one element")
        }
        // Without axes every axis of extent 1 goes; the batch is never one of them.
        let extents = shape.extents.enumerated().filter { axes.isEmpty ? $1 != 1 : !axes.contains($0) }.map(\.element)
        return [try node.reshaped(0, to: Shape(extents))]
      }),
      "Transpose": OpImporter { node in
        try node.operand(0).transposed(to: node.constants(1, expected: "a permutation"))
      },
      "Tile": OpImporter { node in
        let x = try node.operand(0)
        let multiples = try node.shapeOperand(1)
        guard multiples.count == x.shape.rank else {
          throw ImportError.Reason.other("\(multiples.count) multiples for \(x.shape.rank) axes")
        }
        return try x.tiled(multiples)
      },
      "Pack": OpImporter(outputs: { node in
        if let packed = try node.packedIntegers() { return [.integers(packed)] }
        let values = try node.allOperands()
        guard let first = values.first else { throw ImportError.Reason.missingOperand(0) }
        let axis = try node.axis(node.int("axis", default: 0), rank: first.shape.rank + 1)
        return [.value(try Value.packing(values, along: axis))]
      }),
      "ConcatV2": OpImporter(outputs: { node in
        let last = node.operands.count - 1
        guard last > 0 else { throw ImportError.Reason.missingOperand(0) }
        let axis = try node.constant(last, expected: "an axis")
        if let joined = try node.joinedIntegers(last, along: axis) { return [.integers(joined)] }
        let values = try (0..<last).map { try node.operand($0) }
        guard let first = values.first else { throw ImportError.Reason.missingOperand(0) }
        let hasBatch = values.contains { !$0.shape.isFixed }
        return [
          .value(
            try Value.concatenating(
              hasBatch ? values.map { try node.batched($0) } : values, along: node.axis(axis, rank: first.shape.rank)))
        ]
      }),
      "GatherV2": OpImporter(outputs: { [try $0.gather()] }),
      "Gather": OpImporter(outputs: { [try $0.gather()] }),
      "ResourceGather": OpImporter(outputs: { [try $0.gather()] }),
    ]
  }()
}

extension Value {
  /// `values`, at least one and all of one shape, along a new axis.
  static func packing(_ values: [Value], along axis: Int) throws -> Value {
    var extents = values[0].shape.extents
    extents.insert(1, at: axis)
    return try concatenating(values.map { try $0.reshaped(to: Shape(extents)) }, along: axis)
  }
}

extension NodeReader {
  fileprivate func filled(_ number: Double, like x: Value) throws -> Value {
    try Value.constant(number, x.dtype, in: builder).broadcast(to: x.shape)
  }

  /// The operand at `index` with another shape of as many elements.
  fileprivate func reshaped(_ index: Int, to shape: Shape) throws -> ImportedTensor {
    if case .integers(var integers) = try tensor(index), let constant = shape.constant {
      integers.shape = constant
      return .integers(integers)
    }
    return .value(try operand(index).reshaped(to: shape))
  }

  /// The shape that `extents` asks for, where -1 stands for what is left of `count` elements, and the exported batch size
  /// for the batch: in front, or if nothing else fits.
  fileprivate func resolved(_ extents: [Extent], count: Extent) throws -> Shape {
    let axis = count.isFixed ? nil : extents.firstIndex(of: Extent(context.batchSize))
    var batched = extents
    if let axis { batched[axis] = .batch }
    // In front, where examples are, the number means the batch even if another reading fits.
    if axis == 0, let shape = Self.fit(batched, count) { return shape }
    if let shape = Self.fit(extents, count) { return shape }
    if let shape = Self.fit(batched, count) { return shape }
    throw ImportError.Reason.other("\(count) elements cannot have the shape \(Shape(extents))")
  }

  private static func fit(_ extents: [Extent], _ count: Extent) -> Shape? {
    guard let unknown = extents.firstIndex(of: -1) else {
      guard !extents.contains(where: \.isNegative) else { return nil }
      return Shape.product(of: extents) == count ? Shape(extents) : nil
    }
    var known = extents
    known.remove(at: unknown)
    guard !known.contains(where: \.isNegative), let product = Shape.product(of: known) else {
      return nil
    }
    guard product != 0, let rest = count.divided(by: product) else { return nil }
    var resolved = extents
    resolved[unknown] = rest
    return Shape(resolved)
  }

  /// The first `count` operands if all of them are known integers.
  private func knownOperands(_ count: Int) -> [KnownIntegers]? {
    var known: [KnownIntegers] = []
    for operand in operands.prefix(count) {
      guard case .integers(let integers) = operand else { return nil }
      known.append(integers)
    }
    return known
  }

  /// The operands, known integers of one shape, stacked; `nil` if one is not known.
  fileprivate func packedIntegers() throws -> KnownIntegers? {
    guard let known = knownOperands(operands.count), let first = known.first,
      known.allSatisfy({ $0.shape == first.shape })
    else { return nil }
    let axis = try axis(int("axis", default: 0), rank: first.shape.count + 1)
    return KnownIntegers.concatenating(
      known.map { integers in
        var stacked = integers
        stacked.shape.insert(1, at: axis)
        return stacked
      }, along: axis)
  }

  /// The first `count` operands, known integers, behind each other; `nil` if one is not known.
  fileprivate func joinedIntegers(_ count: Int, along axis: Int) throws -> KnownIntegers? {
    guard let known = knownOperands(count), let first = known.first, !first.shape.isEmpty else { return nil }
    return KnownIntegers.concatenating(known, along: try self.axis(axis, rank: first.shape.count))
  }

  fileprivate func gather() throws -> ImportedTensor {
    if case .integers(let table) = try tensor(0), case .integers(let indices) = try tensor(1),
      let positions = indices.constants, try int("batch_dims", default: 0) == 0
    {
      let axis = try self.axis(operands.count > 2 ? constant(2, expected: "an axis") : 0, rank: table.shape.count)
      if let known = table.gathering(positions, shape: indices.shape, along: axis) { return .integers(known) }
    }
    return .value(try gatheredValue())
  }

  private func gatheredValue() throws -> Value {
    let (table, indices) = (try operand(0), try operand(1))
    let axis = try self.axis(operands.count > 2 ? constant(2, expected: "an axis") : 0, rank: table.shape.rank)
    var shared = try int("batch_dims", default: 0)
    if shared < 0 { shared += indices.shape.rank }
    return try axis == 0 && shared == 0
      ? table.gatheringRows(indices) : table.gathering(indices, along: axis, sharedAxes: shared)
  }
}
