public import Kernels

/// The rows of the tables that a batch touches.
///
/// Make one and refill it for every batch: a step then allocates nothing.
public struct RowRequest: Sendable {
  /// Some rows of one table.
  public struct Rows: Sendable {
    /// The number of the table in the schema.
    public var parameter: Int
    /// The rows, strictly ascending.
    public var keys: MemoryView<Int64>

    /// Asks for the rows `keys` of `parameter`.
    public init(parameter: Int, keys: MemoryView<Int64>) {
      self.parameter = parameter
      self.keys = keys
    }
  }

  /// At most one entry per table.
  public var tables: [Rows]
  /// Whether all rows of all tables are asked for, whatever ``tables`` says.
  public var wantsAllRows = false

  /// Asks for every dense parameter and all rows of all tables.
  public static let everything: RowRequest = {
    var request = RowRequest()
    request.wantsAllRows = true
    return request
  }()

  /// Asks for the rows of `tables`, and for every dense parameter.
  public init(tables: [Rows] = []) { self.tables = tables }
}
