public import Kernels

/// The extents of a tensor's axes, outermost first, known up to the batch size.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// One extent per axis.
  public let extents: [Extent]

  /// The shape with these extents.
  public init(_ extents: [Extent]) { self.extents = extents }

  /// The shape with these fixed extents.
  public init(_ extents: [Int]) { self.extents = extents.map { Extent($0) } }

  public init(arrayLiteral elements: Extent...) { extents = elements }

  /// The shape of a single number.
  public static let scalar = Shape([Extent]())

  /// The number of axes.
  public var rank: Int { extents.count }

  /// The extent of `axis`, counted from the outermost.
  public subscript(axis: Int) -> Extent { extents[axis] }

  /// The number of elements, or `nil` if it is not affine in the batch size or does not fit an integer.
  public var count: Extent? { Self.product(of: extents) }

  /// Whether every extent is the same for every batch size.
  public var isFixed: Bool { extents.allSatisfy(\.isFixed) }

  /// The fixed extents, or `nil` if one depends on the batch.
  public var constant: [Int]? { isFixed ? extents.map(\.fixed) : nil }

  /// The product of `extents`, or `nil` as for ``count``.
  public static func product(of extents: some Collection<Extent>) -> Extent? {
    if extents.contains(0) { return 0 }
    var product: Extent? = 1
    for extent in extents { product = product?.multiplied(by: extent) }
    return product
  }

  /// The extents for a batch of `batch` examples, or `nil` if one is negative or the number of elements does not fit.
  public func dimensions(batch: Int) -> Dimensions? {
    guard rank <= Dimensions.maximumRank else { return nil }
    var values: [Int] = []
    var product = 1
    for extent in extents {
      guard let value = extent.value(batch: batch), value >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(value, 1))
      guard !overflow else { return nil }
      product = next
      values.append(value)
    }
    return Dimensions(values)
  }

  /// `axis` counted from the front, where negative axes count from the back; `nil` if there is no such axis.
  public func axis(_ axis: Int) -> Int? {
    guard axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// The shape that both shapes broadcast to, aligned at the last axis, or `nil` if there is none.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = max(rank, other.rank)
    var result: [Extent] = []
    for axis in 0..<rank {
      let a = axis < rank - self.rank ? 1 : extents[axis - (rank - self.rank)]
      let b = axis < rank - other.rank ? 1 : other.extents[axis - (rank - other.rank)]
      guard a == b || a == 1 || b == 1 else { return nil }
      result.append(a == 1 ? b : a)
    }
    return Shape(result)
  }

  /// This shape with another extent at `axis`.
  public func replacing(axis: Int, with extent: Extent) -> Shape {
    var extents = extents
    extents[axis] = extent
    return Shape(extents)
  }

  /// This shape without `axes`, or with extents of one in their place.
  public func reduced(over axes: AxisSet, keepingAxes: Bool = false) -> Shape {
    Shape(
      extents.enumerated().compactMap { axis, extent in
        axes.contains(axis: axis) ? (keepingAxes ? 1 : nil) : extent
      })
  }

  public var description: String { "[" + extents.map(\.description).joined(separator: ", ") + "]" }
}
