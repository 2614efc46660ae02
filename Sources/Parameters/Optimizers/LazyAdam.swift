import Kernels

/// Adam that touches the pushed rows only: each row counts its own updates and is corrected by them.
///
/// An update costs what the push costs. A row learns as a parameter of its own would under ``Adam``, so rare rows
/// are corrected as strongly as fresh ones. For a dense parameter it is the same as ``Adam``.
public struct LazyAdam: UpdateRule {
  public static let name = "lazy_adam"
  public static let hyperparameters: [HyperparameterField<LazyAdam>] = [
    .init(.rate, \.rate, .nonNegative), .init(.beta1, \.beta1, .fraction), .init(.beta2, \.beta2, .fraction),
    .init(.epsilon, \.epsilon, .nonNegative),
  ]
  public static let keepsScalarsPerRow = true

  public var rate: Float = 0.001
  /// How much of the mean gradient is kept.
  public var beta1: Float = 0.9
  /// How much of the mean square is kept.
  public var beta2: Float = 0.999
  /// Keeps the division from zero: the moments of a weight without a gradient are both zero.
  public var epsilon: Float = 1e-8

  public var slots: [Slot] { adam.slots }
  public var scalars: [Slot] { adam.scalars }

  public init() {}

  private var adam: Adam {
    var adam = Adam()
    adam.beta1 = beta1
    adam.beta2 = beta2
    adam.epsilon = epsilon
    return adam
  }
}

extension LazyAdam: RunnableRule {
  func denseKernel(rate: Float, _ powers: ScalarState) -> Adam.DenseKernel {
    adam.denseKernel(rate: rate, powers)
  }

  func advanced(_ powers: ScalarState) -> ScalarState { adam.advanced(powers) }
}
