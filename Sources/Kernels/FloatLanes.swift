public import CIntrinsics

/// One or several `Float`s that a kernel treats alike: `Float` itself and SIMD vectors of it.
///
/// A loop whose body is written once for any `FloatLanes` runs 16 lanes at a time and finishes its tail with fewer.
/// Every operation rounds each lane as the scalar operation does, so results do not depend on the width.
public protocol FloatLanes: BitwiseCopyable, Sendable {
  /// The number of lanes.
  static var laneCount: Int { get }

  /// `value` in every lane.
  init(repeating value: Float)

  /// The value of one lane.
  subscript(lane lane: Int) -> Float { get set }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self

  /// The square root of each lane.
  var root: Self { get }

  /// The smaller of each pair of lanes.
  func lowered(to limit: Self) -> Self

  /// The larger of each pair of lanes.
  func raised(to limit: Self) -> Self

  /// `replacement` in the lanes where `self` is greater than `bound`, `other` in the rest.
  func whereGreater(than bound: Self, _ replacement: Self, otherwise other: Self) -> Self
}

extension Float: FloatLanes {
  @inlinable public static var laneCount: Int { 1 }

  @inline(always) @inlinable public init(repeating value: Float) { self = value }

  @inlinable public subscript(lane lane: Int) -> Float {
    get { self }
    set { self = newValue }
  }

  @inline(always) @inlinable public var root: Float { squareRoot() }

  @inline(always) @inlinable public func lowered(to limit: Float) -> Float { self < limit ? self : limit }

  @inline(always) @inlinable public func raised(to limit: Float) -> Float { self > limit ? self : limit }

  @inline(always) @inlinable
  public func whereGreater(than bound: Float, _ replacement: Float, otherwise other: Float) -> Float {
    self > bound ? replacement : other
  }
}

extension SIMD where Scalar == Float {
  @inlinable public static var laneCount: Int { scalarCount }

  @inlinable public subscript(lane lane: Int) -> Float {
    get { self[lane] }
    set { self[lane] = newValue }
  }
}

extension SIMD2: FloatLanes where Scalar == Float {
  @inline(always) @inlinable public var root: Self { SIMD4(lowHalf: self, highHalf: self).root.lowHalf }

  @inline(always) @inlinable public func lowered(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .< limit)
  }

  @inline(always) @inlinable public func raised(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .> limit)
  }

  @inline(always) @inlinable
  public func whereGreater(than bound: Self, _ replacement: Self, otherwise other: Self) -> Self {
    other.replacing(with: replacement, where: self .> bound)
  }
}

extension SIMD4: FloatLanes where Scalar == Float {
  @inline(always) @inlinable public var root: Self { SIMD8(lowHalf: self, highHalf: self).root.lowHalf }

  @inline(always) @inlinable public func lowered(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .< limit)
  }

  @inline(always) @inlinable public func raised(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .> limit)
  }

  @inline(always) @inlinable
  public func whereGreater(than bound: Self, _ replacement: Self, otherwise other: Self) -> Self {
    other.replacing(with: replacement, where: self .> bound)
  }
}

extension SIMD8: FloatLanes where Scalar == Float {
  @inline(always) @inlinable public var root: Self { SIMD16(lowHalf: self, highHalf: self).root.lowHalf }

  @inline(always) @inlinable public func lowered(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .< limit)
  }

  @inline(always) @inlinable public func raised(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .> limit)
  }

  @inline(always) @inlinable
  public func whereGreater(than bound: Self, _ replacement: Self, otherwise other: Self) -> Self {
    other.replacing(with: replacement, where: self .> bound)
  }
}

extension SIMD16: FloatLanes where Scalar == Float {
  @inline(always) @inlinable public var root: Self { onlearn_square_root(self) }

  @inline(always) @inlinable public func lowered(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .< limit)
  }

  @inline(always) @inlinable public func raised(to limit: Self) -> Self {
    limit.replacing(with: self, where: self .> limit)
  }

  @inline(always) @inlinable
  public func whereGreater(than bound: Self, _ replacement: Self, otherwise other: Self) -> Self {
    other.replacing(with: replacement, where: self .> bound)
  }
}

extension MemoryView<Float> {
  /// The lanes at `index` and after it.
  @inline(always) @inlinable public func load<Lanes: FloatLanes>(_: Lanes.Type, at index: Int) -> Lanes {
    precondition(index >= 0 && index <= count - Lanes.laneCount, "\(Lanes.laneCount) lanes at \(index) of \(count)")
    return unsafe load(Lanes.self, uncheckedAt: index)
  }

  /// The lanes at `index` and after it, all of which exist.
  @unsafe @inline(always) @inlinable
  public func load<Lanes: FloatLanes>(_: Lanes.Type, uncheckedAt index: Int) -> Lanes {
    // Safety: the caller vouches for the range, and every `FloatLanes` is `laneCount` floats in a row.
    unsafe UnsafeRawPointer(base + index).loadUnaligned(as: Lanes.self)
  }

  /// Replaces the scalars at `index` and after it by `lanes`.
  @inline(always) @inlinable public func store<Lanes: FloatLanes>(_ lanes: Lanes, at index: Int) {
    precondition(index >= 0 && index <= count - Lanes.laneCount, "\(Lanes.laneCount) lanes at \(index) of \(count)")
    unsafe store(lanes, uncheckedAt: index)
  }

  /// Replaces the scalars at `index` and after it, all of which exist, by `lanes`.
  @unsafe @inline(always) @inlinable
  public func store<Lanes: FloatLanes>(_ lanes: Lanes, uncheckedAt index: Int) {
    // Safety: as for `load`.
    unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: lanes, as: Lanes.self)
  }
}
