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
    // Safety: both views hold `count` scalars; two of the hot pairs of types have kernels of their own.
    if Source.self == Bool.self && Target.self == Float.self {
      return unsafe castMask(UnsafeRawPointer(x.base), UnsafeMutableRawPointer(y.base), x.count)
    }
    if Source.self == Float.self && Target.self == Int64.self {
      return unsafe castIndices(UnsafeRawPointer(x.base), UnsafeMutableRawPointer(y.base), x.count)
    }
    let (source, target) = unsafe (x.base, y.base)
    if Source.isInteger {
      for index in 0..<x.count { unsafe target[index] = Target(casting: source[index].castToInt64) }
    } else {
      for index in 0..<x.count { unsafe target[index] = Target(casting: source[index].castToDouble) }
    }
  }

  /// `count` truth values to floats: masks become numbers.
  @unsafe @usableFromInline static func castMask(_ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int) {
    let (source, target) = unsafe (x.assumingMemoryBound(to: Bool.self), y.assumingMemoryBound(to: Float.self))
    let (one, zero) = (onlearn_splat(1), onlearn_splat(0))
    var index = 0
    while index &+ VectorMemory.width <= count {
      unsafe onlearn_store(onlearn_select(source + index, one, zero), target + index)
      index &+= VectorMemory.width
    }
    while index < count {
      unsafe target[index] = source[index] ? 1 : 0
      index &+= 1
    }
  }

  /// `count` floats to 64-bit integers: ids that came as numbers.
  @unsafe @usableFromInline static func castIndices(
    _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int
  ) {
    let (source, target) = unsafe (x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Int64.self))
    for index in 0..<count { unsafe target[index] = onlearn_truncate(Double(source[index])) }
  }
}
