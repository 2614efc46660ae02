import Kernels

/// Gradient descent with momentum: `a = momentum · a + g`, `w -= rate · a`, TensorFlow's `ApplyMomentum`.
///
/// With Nesterov's look-ahead `w -= rate · g + rate · momentum · a`.
public struct Momentum: UpdateRule {
  public static let name = "momentum"
  public static let hyperparameters: [HyperparameterField<Momentum>] = [
    .init(.rate, \.rate, .nonNegative), .init(.momentum, \.momentum, .fraction), .init(.nesterov, \.nesterov, .flag),
  ]

  public var rate: Float = 0.05
  /// How much of the last step's direction is kept.
  public var momentum: Float = 0.9
  /// Whether the gradient is taken as if the momentum had been applied already.
  public var usesNesterov = false

  private var nesterov: Float {
    get { usesNesterov ? 1 : 0 }
    set { usesNesterov = newValue != 0 }
  }

  public var slots: [Slot] { [Slot("momentum")] }

  public init() {}
}

extension Momentum: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 1
    let rate: Float
    let momentum: Float
    let usesNesterov: Bool

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let rate = Lanes(repeating: rate)
      let momentum = Lanes(repeating: momentum)
      let accumulator = elements.slot0 * momentum + gradient
      elements.slot0 = accumulator
      let step = usesNesterov ? gradient * rate + accumulator * momentum * rate : accumulator * rate
      elements.weight = elements.weight - step
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel {
    Kernel(rate: rate, momentum: momentum, usesNesterov: usesNesterov)
  }
}
