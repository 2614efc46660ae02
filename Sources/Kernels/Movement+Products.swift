/// A scalar that kernels multiply as well as add up: floating-point numbers.
public protocol MultipliableScalar: SummableScalar {
  /// The product of two scalars.
  static func product(_ a: Self, _ b: Self) -> Self
  /// The products of 64 bytes of scalars.
  static func product(_ a: Wide, _ b: Wide) -> Wide
}

extension Float: MultipliableScalar {
  @inline(always) public static func product(_ a: Float, _ b: Float) -> Float { a * b }
  @inline(always) public static func product(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> { a * b }
}

extension Double: MultipliableScalar {
  @inline(always) public static func product(_ a: Double, _ b: Double) -> Double { a * b }
  @inline(always) public static func product(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a * b }
}

extension MultipliableScalar {
  /// `z = x · y` of `count` scalars each, or with `adding` `z += x · y`.
  @unsafe @inline(always)
  static func multiply(
    _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, into z: UnsafeMutablePointer<Self>, count: Int, adding: Bool
  ) {
    // Safety: every step loads and stores below `count` scalars; unaligned access is allowed.
    let (a, b, c) = unsafe (UnsafeRawPointer(x), UnsafeRawPointer(y), UnsafeMutableRawPointer(z))
    let byteCount = count &* MemoryLayout<Self>.stride
    var place = 0
    while place &+ MemoryLayout<Wide>.stride <= byteCount {
      let value = unsafe product(
        a.loadUnaligned(fromByteOffset: place, as: Wide.self), b.loadUnaligned(fromByteOffset: place, as: Wide.self))
      let total = unsafe adding ? sum(c.loadUnaligned(fromByteOffset: place, as: Wide.self), value) : value
      unsafe c.storeBytes(of: total, toByteOffset: place, as: Wide.self)
      place &+= MemoryLayout<Wide>.stride
    }
    for index in (place / MemoryLayout<Self>.stride)..<count {
      let value = unsafe product(x[index], y[index])
      unsafe z[index] = adding ? sum(z[index], value) : value
    }
  }
}

// Products of slices that are picked in pairs.
extension Movement {
  /// A place in a list of pairs of indices where one is out of range.
  public enum WrongPair: Hashable, Sendable {
    /// The first index of the pair at this position.
    case first(Int)
    /// The second index of the pair at this position.
    case second(Int)
  }

  /// Multiplies slices in pairs: `z[o, p, i] = x[o, first[p], i] · y[o, second[p], i]`.
  ///
  /// - Parameters:
  ///   - x: Shape `[outer, xCount, inner]`.
  ///   - y: Shape `[outer, yCount, inner]`.
  ///   - z: Shape `[outer, first.count, inner]`.
  /// - Returns: `nil`, or the first index out of range; `z` is then incomplete.
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func gatherProduct<Scalar: MultipliableScalar, Index: IndexScalar>(
    _ x: MemoryView<Scalar>, count xCount: Int, _ first: MemoryView<Index>,
    _ y: MemoryView<Scalar>, count yCount: Int, _ second: MemoryView<Index>,
    outer: Int, inner: Int, into z: MemoryView<Scalar>
  ) -> WrongPair? {
    checkPairs(x, xCount, first, y, yCount, second, z, outer, inner)
    for o in 0..<outer {
      // Safety: the counts were checked above, and each index before it is used.
      let (a, b) = unsafe (x.base + o &* xCount &* inner, y.base + o &* yCount &* inner)
      var product = unsafe z.base + o &* first.count &* inner
      for pair in 0..<first.count {
        let (i, j) = unsafe (Int(first.base[pair]), Int(second.base[pair]))
        guard i >= 0, i < xCount else { return .first(pair) }
        guard j >= 0, j < yCount else { return .second(pair) }
        unsafe Scalar.multiply(a + i &* inner, b + j &* inner, into: product, count: inner, adding: false)
        unsafe product += inner
      }
    }
    return nil
  }

  /// Adds products of slices: `x[o, target[p], i] += d[o, p, i] · y[o, source[p], i]`, in order; what the pullback of
  /// ``gatherProduct(_:count:_:_:count:_:outer:inner:into:)`` needs.
  ///
  /// - Returns: `nil`, or the first index out of range, `target` being the first of a pair; `x` is then incomplete.
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func scatterProduct<Scalar: MultipliableScalar, Index: IndexScalar>(
    _ d: MemoryView<Scalar>, _ y: MemoryView<Scalar>, count yCount: Int, at source: MemoryView<Index>,
    outer: Int, inner: Int, into x: MemoryView<Scalar>, count xCount: Int, at target: MemoryView<Index>
  ) -> WrongPair? {
    checkPairs(x, xCount, target, y, yCount, source, d, outer, inner)
    for o in 0..<outer {
      // Safety: the counts were checked above, and each index before it is used.
      let (a, b) = unsafe (x.base + o &* xCount &* inner, y.base + o &* yCount &* inner)
      var slice = unsafe d.base + o &* target.count &* inner
      for pair in 0..<target.count {
        let (i, j) = unsafe (Int(target.base[pair]), Int(source.base[pair]))
        guard i >= 0, i < xCount else { return .first(pair) }
        guard j >= 0, j < yCount else { return .second(pair) }
        unsafe Scalar.multiply(slice, b + j &* inner, into: a + i &* inner, count: inner, adding: true)
        unsafe slice += inner
      }
    }
    return nil
  }

  private static func checkPairs<Scalar, Index>(
    _ x: MemoryView<Scalar>, _ xCount: Int, _ first: MemoryView<Index>, _ y: MemoryView<Scalar>, _ yCount: Int,
    _ second: MemoryView<Index>, _ z: MemoryView<Scalar>, _ outer: Int, _ inner: Int
  ) {
    precondition(first.count == second.count, "\(first.count) first and \(second.count) second indices")
    precondition(x.count == outer * xCount * inner, "[\(outer), \(xCount), \(inner)] in \(x.count) scalars")
    precondition(y.count == outer * yCount * inner, "[\(outer), \(yCount), \(inner)] in \(y.count) scalars")
    precondition(z.count == outer * first.count * inner, "[\(outer), \(first.count), \(inner)] in \(z.count) scalars")
  }
}
