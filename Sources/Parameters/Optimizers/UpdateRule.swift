import Kernels

/// A state array of an optimizer, as big as the weights, or a single number.
public struct Slot: Hashable, Sendable {
  /// The name; the tensor `w1` keeps it as `w1/name`.
  public var name: String
  /// The value before the first update.
  public var initialValue: Float

  /// A slot called `name` that starts at `initialValue`.
  public init(_ name: String, initialValue: Float = 0) {
    self.name = name
    self.initialValue = initialValue
  }
}

/// A rule that turns gradients into updates, with its hyper-parameters.
public protocol UpdateRule: Hashable, Sendable {
  /// The name on the command line.
  static var name: String { get }

  /// The hyper-parameters, in the order in which they are printed.
  static var hyperparameters: [HyperparameterField<Self>] { get }

  /// The rule with its default hyper-parameters.
  init()

  /// The learning rate before any schedule.
  var rate: Float { get set }

  /// The state kept for every weight, at most three slots.
  var slots: [Slot] { get }

  /// The state kept once per tensor, or once per row (``keepsScalarsPerRow``): at most two numbers.
  var scalars: [Slot] { get }

  /// Whether every row of a table has its own ``scalars``.
  static var keepsScalarsPerRow: Bool { get }

  /// Whether an update of a table changes all of its rows, as Adam's moments decay, not only the pushed ones.
  static var updatesAllRows: Bool { get }
}

extension UpdateRule {
  public var slots: [Slot] { [] }
  public var scalars: [Slot] { [] }
  public static var keepsScalarsPerRow: Bool { false }
  public static var updatesAllRows: Bool { false }
}

/// The numbers of ``UpdateRule/scalars``.
struct ScalarState {
  var first: Float = 0
  var second: Float = 0
}

/// An ``UpdateRule`` as a store runs it.
protocol RunnableRule: UpdateRule {
  /// The arithmetic for dense parameters.
  associatedtype DenseKernel: UpdateKernel
  /// The arithmetic for rows.
  associatedtype RowKernel: UpdateKernel

  /// The update of a dense parameter at the learning rate `rate`.
  func denseKernel(rate: Float, _ scalars: ScalarState) -> DenseKernel

  /// The update of a row at the learning rate `rate`.
  func rowKernel(rate: Float, _ scalars: ScalarState) -> RowKernel

  /// The scalars after an update.
  func advanced(_ scalars: ScalarState) -> ScalarState
}

extension RunnableRule {
  func rowKernel(rate: Float, _ scalars: ScalarState) -> DenseKernel { denseKernel(rate: rate, scalars) }
  func advanced(_ scalars: ScalarState) -> ScalarState { scalars }
}
