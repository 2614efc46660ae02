public import Kernels

/// The values of a store's parameters, lent until the next call on the store that changes them.
public struct ParameterValues: Sendable {
  /// The values of one parameter.
  public struct Values: Sendable {
    /// The scalars: row `i` begins at `i * rowStride`. A dense parameter is contiguous.
    public var scalars: MemoryView<Float>
    /// How far apart two rows are, at least the length of a row.
    public var rowStride: Int

    /// Lends `scalars`.
    public init(scalars: MemoryView<Float>, rowStride: Int) {
      self.scalars = scalars
      self.rowStride = rowStride
    }
  }

  /// The values by parameter number. Rows that were not asked for have no defined value.
  public var parameters: [Values]
  /// How many pushes they contain.
  public var version: UInt64
  /// Whether the push that came with the request had been applied before, and was therefore ignored.
  public var isDuplicate: Bool

  /// Lends `parameters`.
  public init(parameters: [Values], version: UInt64, isDuplicate: Bool = false) {
    self.parameters = parameters
    self.version = version
    self.isDuplicate = isDuplicate
  }
}
