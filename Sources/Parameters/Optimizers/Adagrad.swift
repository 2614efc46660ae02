import Kernels

/// Adagrad: `n += g²`, `w -= rate · g / (√n + epsilon)`.
///
/// TensorFlow's `ApplyAdagrad` has no epsilon (0, the default here), `ApplyAdagradV2` has one. Where it is 0, the sum
/// has to start above 0: a gradient of zero would be divided by zero.
public struct Adagrad: UpdateRule {
  public static let name = "adagrad"
  public static let hyperparameters: [HyperparameterField<Adagrad>] = [
    .init(.rate, \.rate, .nonNegative), .init(.initialAccumulator, \.initialAccumulator, .nonNegative),
    .init(.epsilon, \.epsilon, .nonNegative),
  ]

  public var rate: Float = 0.05
  /// What the sum of squares starts at.
  public var initialAccumulator: Float = 0.1
  /// Keeps the division from zero; 0 is TensorFlow's first version of the rule.
  public var epsilon: Float = 0

  public var slots: [Slot] { [Slot("accumulator", initialValue: initialAccumulator)] }

  public init() {}
}

extension Adagrad: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 1
    let rate: Float
    let epsilon: Float

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let accumulator = elements.slot0 + gradient * gradient
      elements.slot0 = accumulator
      let step = gradient * Lanes(repeating: rate)
      elements.weight = elements.weight - step / (accumulator.root + Lanes(repeating: epsilon))
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel { Kernel(rate: rate, epsilon: epsilon) }
}
