public import Kernels

/// The values of a store's parameters, lent until the next call on the store that changes them.
public struct ParameterValues: Sendable {
  /// The values of one parameter.
  public struct Values: Sendable {
    /// Where a row is found.
    public enum Addressing: Hashable, Sendable {
      /// At its key.
      case direct
      /// At the position of its key in the request.
      case compact
    }

    /// The scalars: row `i` begins at `i * rowStride`. A dense parameter is contiguous.
    public var scalars: MemoryView<Float>
    /// How far apart two rows are, at least the length of a row.
    public var rowStride: Int
    /// How a row's index is found. Dense parameters are always direct.
    public var addressing: Addressing

    /// Lends `scalars`.
    public init(scalars: MemoryView<Float>, rowStride: Int, addressing: Addressing) {
      self.scalars = scalars
      self.rowStride = rowStride
      self.addressing = addressing
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
