/// What a store knows of one parameter: its name, shape and the rule that trains it.
///
/// A store's list of specs is its schema; the index in that list is the parameter's number everywhere else.
public struct ParameterSpec: Hashable, Sendable {
  /// How a parameter is read and trained.
  public enum Kind: Hashable, Sendable {
    /// As a whole, by dense gradients.
    case dense
    /// By rows along axis 0, by gradients of rows.
    case table
  }

  /// The name, unique in a schema.
  public var name: String
  /// The extents, outermost first; empty for a scalar.
  public var shape: [Int]
  /// Whether it is a dense array or a table of rows.
  public var kind: Kind
  /// The rule that turns gradients into updates.
  public var optimizer: Optimizer
  /// Whether it is kept and lent but never trained.
  public var isFrozen: Bool
  /// The values it has before anything is written or pushed.
  public var initialValues: InitialValues

  /// Describes a parameter.
  public init(
    name: String, shape: [Int], kind: Kind = .dense, optimizer: Optimizer = .sgd(rate: 0.05), isFrozen: Bool = false,
    initialValues: InitialValues = .zeros
  ) {
    self.name = name
    self.shape = shape
    self.kind = kind
    self.optimizer = optimizer
    self.isFrozen = isFrozen
    self.initialValues = initialValues
  }

  /// The number of weights, or nil if it does not fit an `Int` or an extent is negative.
  package var checkedCount: Int? { Self.checkedCount(of: shape) }

  /// The product of `extents`, or nil if it does not fit an `Int` or one is negative.
  static func checkedCount(of extents: some Sequence<Int>) -> Int? {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { return nil }
      product = next
    }
    return product
  }

  /// The number of weights.
  public var count: Int { shape.reduce(1, *) }

  /// The number of rows: the extent of axis 0, 1 for a scalar.
  public var rowCount: Int { shape.first ?? 1 }

  /// The number of weights of one row.
  public var rowLength: Int { shape.dropFirst().reduce(1, *) }
}
