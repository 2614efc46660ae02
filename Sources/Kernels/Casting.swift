import CIntrinsics

/// A scalar that can be cast to and from the others.
public protocol CastableScalar: BitwiseCopyable, Sendable {
  /// The scalar as a double: exact for `Float`, `Int32` and `Bool`.
  var castToDouble: Double { get }
  /// The scalar as an integer: floats truncated towards zero, the least integer for what does not fit and for NaN.
  var castToInt64: Int64 { get }
  /// Whether integers keep more of the scalar than doubles do.
  static var isInteger: Bool { get }
  init(casting value: Double)
  init(casting value: Int64)
}

extension Float: CastableScalar {
  @inlinable public var castToDouble: Double { Double(self) }
  @inlinable public var castToInt64: Int64 { Double(self).castToInt64 }
  @inlinable public static var isInteger: Bool { false }
  @inlinable public init(casting value: Double) { self = Float(value) }
  @inlinable public init(casting value: Int64) { self = Float(value) }
}

extension Double: CastableScalar {
  @inlinable public var castToDouble: Double { self }
  @inlinable public var castToInt64: Int64 { self >= -0x1p63 && self < 0x1p63 ? Int64(self) : .min }
  @inlinable public static var isInteger: Bool { false }
  @inlinable public init(casting value: Double) { self = value }
  @inlinable public init(casting value: Int64) { self = Double(value) }
}

extension Int32: CastableScalar {
  @inlinable public var castToDouble: Double { Double(self) }
  @inlinable public var castToInt64: Int64 { Int64(self) }
  @inlinable public static var isInteger: Bool { true }
  /// Truncates towards zero; what does not fit and NaN give the least integer.
  @inlinable public init(casting value: Double) {
    self = value > -2_147_483_649 && value < 2_147_483_648 ? Int32(value) : .min
  }
  /// Keeps the low 32 bits.
  @inlinable public init(casting value: Int64) { self = Int32(truncatingIfNeeded: value) }
}

extension Int64: CastableScalar {
  @inlinable public var castToDouble: Double { Double(self) }
  @inlinable public var castToInt64: Int64 { self }
  @inlinable public static var isInteger: Bool { true }
  @inlinable public init(casting value: Double) { self = value.castToInt64 }
  @inlinable public init(casting value: Int64) { self = value }
}

extension Bool: CastableScalar {
  @inlinable public var castToDouble: Double { self ? 1 : 0 }
  @inlinable public var castToInt64: Int64 {
    // Safety: a truth value is a byte, 0 or 1. `self ? 1 : 0` would be a branch.
    Int64(unsafe unsafeBitCast(self, to: UInt8.self))
  }
  @inlinable public static var isInteger: Bool { true }
  /// Everything but 0 is true, NaN as well.
  @inlinable public init(casting value: Double) { self = value != 0 }
  /// Everything but 0 is true.
  @inlinable public init(casting value: Int64) { self = value != 0 }
}

/// Conversions between types of scalars.
public enum Casting {
  /// `y = x` in the type of `y`.
  ///
  /// Floats become integers truncated towards zero; what does not fit, and NaN, becomes the least integer. Integers
  /// keep their low bits. Everything but 0 becomes true.
  @inlinable public static func cast<Source: CastableScalar, Target: CastableScalar>(
    _ x: MemoryView<Source>, into y: MemoryView<Target>
  ) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    // Safety: both views hold `count` scalars.
    let (source, target) = unsafe (x.base, y.base)
    if Source.isInteger {
      for index in 0..<x.count { unsafe target[index] = Target(casting: source[index].castToInt64) }
    } else {
      for index in 0..<x.count { unsafe target[index] = Target(casting: source[index].castToDouble) }
    }
  }

  /// `y = x ? 1 : 0`, 16 at a time: masks become numbers on hot paths.
  public static func cast(_ x: MemoryView<Bool>, into y: MemoryView<Float>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    let (one, zero) = (onlearn_splat(1), onlearn_splat(0))
    var index = 0
    // Safety: both views hold `count` scalars.
    while index &+ VectorMemory.width <= x.count {
      unsafe onlearn_store(onlearn_select(x.base + index, one, zero), y.base + index)
      index &+= VectorMemory.width
    }
    while index < x.count {
      unsafe y.base[index] = x.base[index] ? 1 : 0
      index &+= 1
    }
  }
}
