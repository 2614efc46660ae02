import Graph
import Kernels

extension OpImporter {
  /// What graphs compute shapes with: integers that are known up to the batch size.
  static let shapes: [String: OpImporter] = [
    "Shape": OpImporter(isDifferentiable: false, outputs: { [.integers(try $0.shapeVector())] }),
    "VariableShape": OpImporter(isDifferentiable: false, outputs: { [.integers(try $0.shapeVector())] }),
    "ShapeN": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let dtype = try node.type("out_type", default: .int32)
        return try node.operands.indices.map { .integers(KnownIntegers(dtype, try node.shape($0).extents)) }
      }),
    "Size": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        guard let count = try node.shape(0).count else { throw ImportError.Reason.other("its operand has B² elements") }
        return [.integers(KnownIntegers(try node.type("out_type", default: .int32), shape: [], [count]))]
      }),
    "Rank": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        [.integers(KnownIntegers(.int32, shape: [], [Extent(try node.shape(0).rank)]))]
      }),
    "Range": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let dtype = try node.type("Tidx", default: .int32)
        let bounds = try (0..<3).map { try node.integers($0, expected: "an integer").elements }
        guard bounds.allSatisfy({ $0.count == 1 }), let delta = bounds[2][0].constant, delta != 0 else {
          throw ImportError.Reason.other("a range from one number to another by steps that are not zero expected")
        }
        let (start, limit) = (bounds[0][0], bounds[1][0])
        guard let span = limit.subtracting(start), span.constant.map({ $0 == 0 || ($0 < 0) == (delta < 0) }) ?? true
        else {
          throw ImportError.Reason.other("a range from \(start) to \(limit) by \(delta)")
        }
        if span == 0 { return [.integers(KnownIntegers(dtype, []))] }
        guard let fixed = span.constant, let first = start.constant,
          fixed.magnitude / delta.magnitude < KnownIntegers.maximumCount
        else {
          return [.value(try node.range(dtype, from: start, span: span, by: delta))]
        }
        let numbers = stride(from: first, to: first + fixed, by: delta)
        return [.integers(KnownIntegers(dtype, numbers.map { Extent($0) }))]
      }),
    "ListDiff": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let (x, removed) = (try node.integers(0).elements, Set(try node.integers(1).elements))
        let kept = x.enumerated().filter { !removed.contains($0.element) }
        let dtype = try node.integers(0).dtype
        return [
          .integers(KnownIntegers(dtype, kept.map(\.element))),
          .integers(KnownIntegers(try node.type("out_idx", default: .int32), kept.map { Extent($0.offset) })),
        ]
      }),
    "DynamicStitch": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let half = node.operands.count / 2
        var elements: [Int: Extent] = [:]
        for part in 0..<half {
          let places = try node.constants(part, expected: "places")
          let values = try node.integers(half + part).elements
          guard places.count == values.count else {
            throw ImportError.Reason.other("as many places as integers expected")
          }
          for (place, value) in zip(places, values) { elements[place] = value }
        }
        let sorted = elements.sorted { $0.key < $1.key }
        guard sorted.enumerated().allSatisfy({ $0.offset == $0.element.key }) else {
          throw ImportError.Reason.other("a place of the stitched tensor is not filled")
        }
        return [.integers(KnownIntegers(try node.integers(half).dtype, sorted.map(\.value)))]
      }),
    "ConcatOffset": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let rank = try node.integers(1, expected: "a shape").elements.count
        let axis = try node.axis(node.constant(0, expected: "an axis"), rank: rank)
        var position: Extent = 0
        return try (1..<node.operands.count).map { index in
          let shape = try node.integers(index, expected: "a shape")
          guard shape.elements.count == rank, let next = position.adding(shape.elements[axis]) else {
            throw ImportError.Reason.other("operand \(index) is not a shape of \(rank) axes")
          }
          defer { position = next }
          return .integers(KnownIntegers(shape.dtype, (0..<rank).map { $0 == axis ? position : 0 }))
        }
      }),
    "InvertPermutation": OpImporter(
      isDifferentiable: false,
      outputs: { node in
        let permutation = try node.constants(0, expected: "a permutation")
        guard permutation.sorted() == Array(0..<permutation.count) else {
          throw ImportError.Reason.other("\(permutation) is not a permutation")
        }
        let inverse = permutation.indices.map { Extent(permutation.firstIndex(of: $0)!) }
        return [.integers(KnownIntegers(try node.integers(0).dtype, inverse))]
      }),
  ]
}

extension NodeReader {
  /// The shape of operand 0.
  fileprivate func shapeVector() throws -> KnownIntegers {
    KnownIntegers(try type("out_type", default: .int32), try shape(0).extents)
  }

  /// The most numbers that a range may have.
  private static var rangeLimit: Int { 1 << 24 }

  /// The numbers from `start` on, `delta` apart, as long as they stay within `span`, which is not zero: a running sum of
  /// `delta`.
  fileprivate func range(_ dtype: DType, from start: Extent, span: Extent, by delta: Int) throws -> Value {
    let count =
      if let fixed = span.constant {
        Int(exactly: (fixed.magnitude - 1) / delta.magnitude + 1).map { Extent($0) }
      } else {
        span.divided(by: Extent(delta))
      }
    guard dtype.isInteger, let count, count.batches >= 0, count.constant.map({ $0 <= Self.rangeLimit }) ?? true else {
      throw ImportError.Reason.other("a range over \(span) by \(delta): at most \(Self.rangeLimit) integers expected")
    }
    let steps = try Value.constant(Double(delta), dtype, in: builder).broadcast(to: [count])
    let sums = try steps.cumulativeSum(along: 0, isExclusive: true, isReversed: false)
    return start == 0 ? sums : try sums.adding(Value.extent(start, dtype, in: builder))
  }

  /// The result of a binary operation on known integers, or `nil` if an operand is not known or the result is not affine.
  func folded(_ operation: BinaryOperation) throws -> KnownIntegers? {
    guard case .integers(let a) = try tensor(0), case .integers(let b) = try tensor(1), a.dtype == b.dtype,
      let shape = Shape(a.shape).broadcast(with: Shape(b.shape))?.constant,
      shape == a.shape || a.elements.count == 1, shape == b.shape || b.elements.count == 1,
      let count = Shape(shape).count?.constant
    else { return nil }
    var elements: [Extent] = []
    for index in 0..<count {
      let (x, y) = (a.elements[a.elements.count == 1 ? 0 : index], b.elements[b.elements.count == 1 ? 0 : index])
      guard let element = Self.combine(operation, x, y) else { return nil }
      elements.append(element)
    }
    return KnownIntegers(a.dtype, shape: shape, elements).wrapped
  }

  /// Whether a relation between two known integers holds, or `nil` if they are not known or it depends on the batch size.
  func folded(_ relation: ComparisonOperation) throws -> Bool? {
    guard case .integers(let a) = try tensor(0), case .integers(let b) = try tensor(1), a.dtype == b.dtype,
      a.shape.isEmpty, b.shape.isEmpty
    else { return nil }
    let (x, y) = (a.elements[0], b.elements[0])
    switch relation {
    case .less: return x.isLess(than: y)
    case .greaterEqual: return x.isLess(than: y).map { !$0 }
    case .greater: return y.isLess(than: x)
    case .lessEqual: return y.isLess(than: x).map { !$0 }
    case .equal: return x.isEqual(to: y)
    case .notEqual: return x.isEqual(to: y).map { !$0 }
    }
  }

  /// The result of a logical operation on two single truth values of which at least one is known, or `nil` if none is.
  func folded(_ operation: LogicalOperation) throws -> ImportedTensor? {
    guard try shape(0).rank == 0, try shape(1).rank == 0 else { return nil }
    let deciding = operation == .or
    for (known, other) in [(0, 1), (1, 0)] {
      guard let truth = try tensor(known).truth else { continue }
      return truth == deciding ? .truth(truth) : try tensor(other)
    }
    return nil
  }

  private static func combine(_ operation: BinaryOperation, _ x: Extent, _ y: Extent) -> Extent? {
    switch operation {
    case .add: return x.adding(y)
    case .subtract: return x.subtracting(y)
    case .multiply: return x.multiplied(by: y)
    case .maximum: return x.isAtLeast(y) ? x : y.isAtLeast(x) ? y : nil
    case .minimum: return x.isAtLeast(y) ? y : y.isAtLeast(x) ? x : nil
    case .floorDivide, .divide, .truncateDivide:
      if let exact = x.divided(by: y) { return exact }
      guard let x = x.constant, let y = y.constant, y != 0, y != -1 else { return nil }
      let quotient = x / y
      return Extent(operation == .floorDivide && x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient)
    case .floorModulo:
      guard let x = x.constant, let y = y.constant, y != 0, y != -1 else { return nil }
      let remainder = x % y
      return Extent(remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder)
    default: return nil
    }
  }

  /// The result of a reduction of known integers to one, or `nil` if they are not known.
  func folded(_ operation: ReductionOperation) throws -> KnownIntegers? {
    guard case .integers(let x) = try tensor(0), x.shape.count <= 1 else { return nil }
    let axes = try constants(1, expected: "axes")
    guard !axes.isEmpty else { return x }
    for axis in axes { _ = try self.axis(axis, rank: x.shape.count) }
    let isKeeping = try bool("keep_dims", default: bool("keepdims"))
    let initial: Extent? = operation == .product ? 1 : operation == .sum ? 0 : nil
    guard let initial else { return nil }
    var result: Extent? = initial
    for element in x.elements {
      result = operation == .sum ? result?.adding(element) : result?.multiplied(by: element)
    }
    return result.map { KnownIntegers(x.dtype, shape: isKeeping ? [1] : [], [$0]).wrapped }
  }

  /// The axes along which each of two shapes was broadcast to both's common shape: what a gradient is summed over.
  func broadcastGradientArguments() throws -> [KnownIntegers] {
    let (a, b) = (try integers(0), try integers(1))
    let rank = max(a.elements.count, b.elements.count)
    func extent(_ shape: KnownIntegers, _ axis: Int) -> Extent {
      let own = axis - (rank - shape.elements.count)
      return own < 0 ? 1 : shape.elements[own]
    }
    func axes(_ shape: KnownIntegers) -> KnownIntegers {
      let summed = (0..<rank).filter { axis in
        axis < rank - shape.elements.count
          || (extent(shape, axis) == 1 && (extent(a, axis) != 1 || extent(b, axis) != 1))
      }
      return KnownIntegers(a.dtype, summed.map { Extent($0) })
    }
    return [axes(a), axes(b)]
  }
}

extension Extent {
  /// Whether this extent is below `other` for every batch of one example or more, or `nil` if that differs.
  fileprivate func isLess(than other: Extent) -> Bool? {
    if isAtLeast(other) { return false }
    return adding(1).map { other.isAtLeast($0) } == true ? true : nil
  }

  /// Whether this extent is `other` for every batch of one example or more, or `nil` if that differs.
  fileprivate func isEqual(to other: Extent) -> Bool? {
    if self == other { return true }
    return isLess(than: other) == true || other.isLess(than: self) == true ? false : nil
  }

  /// Whether this extent is at least `other` for every batch of one example or more.
  fileprivate func isAtLeast(_ other: Extent) -> Bool {
    guard let difference = subtracting(other) else { return false }
    return difference.batches >= 0 && (difference.value(batch: 1) ?? -1) >= 0
  }
}
