/// The extent of an axis, known up to the number of examples in a batch: `batches × B + fixed`.
///
/// A program is written once for every batch size. Shapes of the networks we run are affine in *B*, so two integers
/// per axis say all there is to know, and the arithmetic on shapes that a graph spells out folds at import.
public struct Extent: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// How many times the batch size.
  public let batches: Int
  /// What is added to it.
  public let fixed: Int

  /// `batches × B + fixed`.
  public init(batches: Int, fixed: Int = 0) {
    self.batches = batches
    self.fixed = fixed
  }

  /// An extent that is the same for every batch size.
  public init(_ fixed: Int) { self.init(batches: 0, fixed: fixed) }

  public init(integerLiteral value: Int) { self.init(value) }

  /// The number of examples in the batch.
  public static let batch = Extent(batches: 1)

  /// Whether the extent is the same for every batch size.
  public var isFixed: Bool { batches == 0 }

  /// Whether the extent is a positive multiple of the batch size, so that a range of examples is a range of the axis.
  public var isBatched: Bool { batches > 0 && fixed == 0 }

  /// Whether the extent is the same negative number for every batch size: no axis has it.
  public var isNegative: Bool { isFixed && fixed < 0 }

  /// The fixed extent, or `nil` if it depends on the batch.
  public var constant: Int? { isFixed ? fixed : nil }

  /// The extent for a batch of `batch` examples, or `nil` if it does not fit an integer.
  public func value(batch: Int) -> Int? {
    let (product, overflow) = batches.multipliedReportingOverflow(by: batch)
    let (sum, overflow2) = product.addingReportingOverflow(fixed)
    return overflow || overflow2 ? nil : sum
  }

  /// The sum, or `nil` if it does not fit.
  public func adding(_ other: Extent) -> Extent? {
    let (b, overflow) = batches.addingReportingOverflow(other.batches)
    let (f, overflow2) = fixed.addingReportingOverflow(other.fixed)
    return overflow || overflow2 ? nil : Extent(batches: b, fixed: f)
  }

  /// The difference, or `nil` if it does not fit.
  public func subtracting(_ other: Extent) -> Extent? {
    let (b, overflow) = batches.subtractingReportingOverflow(other.batches)
    let (f, overflow2) = fixed.subtractingReportingOverflow(other.fixed)
    return overflow || overflow2 ? nil : Extent(batches: b, fixed: f)
  }

  /// The product, or `nil` if it is not affine in the batch size or does not fit.
  public func multiplied(by other: Extent) -> Extent? {
    guard isFixed || other.isFixed else { return nil }
    let (factor, extent) = isFixed ? (fixed, other) : (other.fixed, self)
    let (b, overflow) = extent.batches.multipliedReportingOverflow(by: factor)
    let (f, overflow2) = extent.fixed.multipliedReportingOverflow(by: factor)
    return overflow || overflow2 ? nil : Extent(batches: b, fixed: f)
  }

  /// The quotient where it is exact for every batch size, otherwise `nil`.
  public func divided(by other: Extent) -> Extent? {
    let divisor = other.isFixed ? other.fixed : other.batches
    guard divisor != 0 else { return nil }
    let (b, overflow) = batches.dividedReportingOverflow(by: divisor)
    let (f, overflow2) = fixed.dividedReportingOverflow(by: divisor)
    guard !overflow, !overflow2 else { return nil }
    let quotient = other.isFixed ? Extent(batches: b, fixed: f) : Extent(b)
    return other.multiplied(by: quotient) == self ? quotient : nil
  }

  public var description: String {
    switch (batches, fixed) {
    case (0, _): "\(fixed)"
    case (1, 0): "B"
    case (_, 0): "\(batches)B"
    default: "\(batches == 1 ? "" : "\(batches)")B\(fixed < 0 ? "-" : "+")\(fixed.magnitude)"
    }
  }
}
