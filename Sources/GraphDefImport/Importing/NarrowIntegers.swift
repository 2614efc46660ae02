import Graph
import Kernels

// Programs have integers of 32 and 64 bits with a sign. Graphs have others as well, which are kept in those.

extension DataType {
  /// How many bits an integer type has that is kept in a wider one, and whether one of them is the sign; `nil` for
  /// other types.
  fileprivate var narrowBits: (count: Int, isSigned: Bool)? {
    switch self {
    case .int8: (8, true)
    case .uint8: (8, false)
    case .int16: (16, true)
    case .uint16: (16, false)
    case .uint32: (32, false)
    default: nil
    }
  }
}

extension KnownIntegers {
  /// The integers as arithmetic on their type leaves them: what does not fit wraps.
  var wrapped: KnownIntegers { dtype == .int32 ? keeping(bits: 32, isSigned: true) : self }

  /// The integers that the low bits of these are, where they do not depend on the batch size.
  fileprivate func keeping(bits: Int, isSigned: Bool) -> KnownIntegers {
    var result = self
    result.elements = elements.map { element in
      guard let number = element.constant else { return element }
      let low = number & ((1 << bits) - 1)
      return Extent(isSigned && low >= 1 << (bits - 1) ? low - (1 << bits) : low)
    }
    return result
  }
}

extension Value {
  /// The integers that the low bits of these are.
  fileprivate func keeping(bits: Int, isSigned: Bool) throws -> Value {
    let modulus = try Value.constant(Double(1 << bits), dtype, in: builder)
    guard isSigned else { return try binary(.floorModulo, modulus) }
    let half = Double(1 << (bits - 1))
    return try adding(half).binary(.floorModulo, modulus).adding(-half)
  }
}

extension NodeReader {
  /// Operand 0 with elements of the type `DstT`: of integers the low bits, as many as that has.
  func cast() throws -> ImportedTensor {
    let dtype = try type("DstT")
    let narrow = node.attributes["DstT"]?.type?.narrowBits
    if case .integers(var integers) = try tensor(0), dtype.isInteger {
      integers.dtype = dtype
      return .integers(narrow.map { integers.keeping(bits: $0.count, isSigned: $0.isSigned) } ?? integers.wrapped)
    }
    let x = try operand(0)
    let numbers = try x.cast(to: dtype)
    guard let narrow, x.dtype != .bool else { return .value(numbers) }
    return .value(try numbers.keeping(bits: narrow.count, isSigned: narrow.isSigned))
  }

  /// Operations whose results may need more bits than their operands have.
  private static let growing: Set<String> = [
    "Abs", "Add", "AddN", "AddV2", "Cumprod", "Cumsum", "Mul", "Neg", "Pow", "Prod", "ScatterNd", "SegmentSum",
    "Square", "SquaredDifference", "Sub", "Sum", "UnsortedSegmentSum",
  ]

  /// Refuses arithmetic on integers that are kept in a wider type, where it would not wrap.
  func checkWrapping() throws {
    guard Self.growing.contains(node.op), let type = node.attributes["T"]?.type, type.narrowBits != nil else { return }
    throw ImportError.Reason.other("arithmetic on elements of type \(type) is not supported; cast them to others")
  }
}
