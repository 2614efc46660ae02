import Kernels

/// RMSProp with the variance in place of the mean square: `√(s - m² + epsilon)`, where `m` is the mean gradient.
///
/// TensorFlow's `ApplyCenteredRMSProp`.
public struct CenteredRMSProp: UpdateRule {
  public static let name = "centered_rmsprop"
  public static let hyperparameters: [HyperparameterField<CenteredRMSProp>] = [
    .init(.rate, \.rate, .nonNegative), .init(.decay, \.decay, .fraction), .init(.momentum, \.momentum, .fraction),
    .init(.epsilon, \.epsilon, .positive),
  ]

  public var rate: Float = 0.001
  /// How much of the means is kept.
  public var decay: Float = 0.9
  /// How much of the last step is kept.
  public var momentum: Float = 0
  /// Keeps the root from zero.
  public var epsilon: Float = 1e-10

  public var slots: [Slot] { [Slot("rms", initialValue: 1), Slot("momentum"), Slot("mean")] }

  public init() {}
}

extension CenteredRMSProp: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 3
    let rate: Float
    let rest: Float
    let momentum: Float
    let epsilon: Float

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let rest = Lanes(repeating: rest)
      let meanSquare = elements.slot0 + (gradient * gradient - elements.slot0) * rest
      let mean = elements.slot2 + (gradient - elements.slot2) * rest
      elements.slot0 = meanSquare
      elements.slot2 = mean
      let root = (meanSquare - mean * mean + Lanes(repeating: epsilon)).root
      let step = elements.slot1 * Lanes(repeating: momentum) + gradient * Lanes(repeating: rate) / root
      elements.slot1 = step
      elements.weight = elements.weight - step
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel {
    Kernel(rate: rate, rest: 1 - decay, momentum: momentum, epsilon: epsilon)
  }
}
