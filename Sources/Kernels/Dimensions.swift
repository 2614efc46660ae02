/// The extents of an array, outermost first, held inline: a kernel can take, slice and compare them without allocating.
///
/// At most ``maximumRank`` axes, TensorFlow's own limit for most kernels.
public struct Dimensions: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The most axes an array can have.
  public static let maximumRank = 8

  @usableFromInline var extents: InlineArray<8, Int>

  /// The number of axes.
  public let rank: Int

  /// The extents `extents`, at most ``maximumRank`` of them, each at least zero.
  @inlinable public init(_ extents: some Collection<Int>) {
    precondition(extents.count <= Self.maximumRank, "\(extents.count) axes, at most \(Self.maximumRank)")
    self.extents = InlineArray(repeating: 1)
    rank = extents.count
    var axis = 0
    for extent in extents {
      precondition(extent >= 0, "an extent of \(extent)")
      self.extents[axis] = extent
      axis += 1
    }
  }

  /// `rank` axes of extent `extent`.
  @inlinable public init(repeating extent: Int, rank: Int) {
    precondition(rank >= 0 && rank <= Self.maximumRank, "\(rank) axes, at most \(Self.maximumRank)")
    extents = InlineArray(repeating: 1)
    self.rank = rank
    for axis in 0..<rank { extents[axis] = extent }
  }

  @inlinable public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The extent of `axis`, counted from the outermost.
  @inlinable public subscript(axis: Int) -> Int {
    get {
      precondition(axis >= 0 && axis < rank, "axis \(axis) of \(rank)")
      return extents[axis]
    }
    set {
      precondition(axis >= 0 && axis < rank, "axis \(axis) of \(rank)")
      extents[axis] = newValue
    }
  }

  /// The same with the extent `extent` of `axis`.
  @inlinable public func with(_ extent: Int, at axis: Int) -> Dimensions {
    var dimensions = self
    dimensions[axis] = extent
    return dimensions
  }

  /// The number of elements: the product of the extents, 1 for a scalar.
  @inlinable public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= extents[axis] }
    return product
  }

  /// The product of the extents of `axes`.
  @inlinable public func count(of axes: Range<Int>) -> Int {
    var product = 1
    for axis in axes { product *= self[axis] }
    return product
  }

  /// How far apart two neighbours along each axis are in a row-major array.
  @inlinable public var strides: Dimensions {
    var strides = self
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides.extents[axis] = step
      step *= extents[axis]
    }
    return strides
  }

  /// The extents as an array.
  public var array: [Int] { (0..<rank).map { extents[$0] } }

  public var description: String { "[" + array.map(String.init).joined(separator: ", ") + "]" }

  @inlinable public static func == (a: Dimensions, b: Dimensions) -> Bool {
    guard a.rank == b.rank else { return false }
    for axis in 0..<a.rank where a.extents[axis] != b.extents[axis] { return false }
    return true
  }

  @inlinable public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for axis in 0..<rank { hasher.combine(extents[axis]) }
  }
}

/// A set of axes of an array of at most ``Dimensions/maximumRank`` axes.
public struct AxisSet: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The axes `axes`.
  @inlinable public init(axes: some Sequence<Int>) {
    var bits: UInt8 = 0
    for axis in axes {
      precondition(axis >= 0 && axis < Dimensions.maximumRank, "axis \(axis)")
      bits |= 1 << UInt8(axis)
    }
    rawValue = bits
  }

  /// Whether `axis` is in the set.
  @inlinable public func contains(axis: Int) -> Bool { rawValue & (1 << UInt8(axis)) != 0 }

  /// The axes in ascending order.
  public var axes: [Int] { (0..<Dimensions.maximumRank).filter(contains(axis:)) }
}
