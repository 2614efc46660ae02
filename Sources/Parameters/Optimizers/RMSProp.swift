import Kernels

/// RMSProp: `s += (g² - s)(1 - decay)`, `a = momentum · a + rate · g / √(s + epsilon)`, `w -= a`.
///
/// TensorFlow's `ApplyRMSProp`.
public struct RMSProp: UpdateRule {
  public static let name = "rmsprop"
  public static let hyperparameters: [HyperparameterField<RMSProp>] = [
    .init(.rate, \.rate, .nonNegative), .init(.decay, \.decay, .fraction), .init(.momentum, \.momentum, .fraction),
    .init(.epsilon, \.epsilon, .positive),
  ]

  public var rate: Float = 0.001
  /// How much of the mean square is kept.
  public var decay: Float = 0.9
  /// How much of the last step is kept.
  public var momentum: Float = 0
  /// Keeps the root from zero.
  public var epsilon: Float = 1e-10

  public var slots: [Slot] { [Slot("rms", initialValue: 1), Slot("momentum")] }

  public init() {}
}

extension RMSProp: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 2
    let rate: Float
    let rest: Float
    let momentum: Float
    let epsilon: Float

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let meanSquare = elements.slot0 + (gradient * gradient - elements.slot0) * Lanes(repeating: rest)
      elements.slot0 = meanSquare
      let root = (meanSquare + Lanes(repeating: epsilon)).root
      let step = elements.slot1 * Lanes(repeating: momentum) + gradient * Lanes(repeating: rate) / root
      elements.slot1 = step
      elements.weight = elements.weight - step
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel {
    Kernel(rate: rate, rest: 1 - decay, momentum: momentum, epsilon: epsilon)
  }
}
