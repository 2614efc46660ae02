import Kernels

/// Adam: `m += (g - m)(1 - beta1)`, `v += (g² - v)(1 - beta2)`, `w -= α · m / (√v + epsilon)` with
/// `α = rate · √(1 - beta2ᵗ) / (1 - beta1ᵗ)`.
///
/// TensorFlow's `ApplyAdam`, with the powers of the betas kept as two floats per parameter. On a table it is what
/// TensorFlow's `AdamOptimizer` does there: the moments of all rows decay and all rows move, whether a push touches
/// them or not, so an update costs what the table costs. ``LazyAdam`` touches the pushed rows only.
/// - SeeAlso: Kingma and Ba, *Adam: a Method for Stochastic Optimization*, ICLR 2015.
public struct Adam: UpdateRule {
  public static let name = "adam"
  public static let hyperparameters: [HyperparameterField<Adam>] = [
    .init(.rate, \.rate, .nonNegative), .init(.beta1, \.beta1, .fraction), .init(.beta2, \.beta2, .fraction),
    .init(.epsilon, \.epsilon, .nonNegative), .init(.nesterov, \.nesterov, .flag),
  ]
  public static let updatesAllRows = true

  public var rate: Float = 0.001
  /// How much of the mean gradient is kept.
  public var beta1: Float = 0.9
  /// How much of the mean square is kept.
  public var beta2: Float = 0.999
  /// Keeps the division from zero: the moments of a weight without a gradient are both zero.
  public var epsilon: Float = 1e-8
  /// Whether the gradient counts once more, ahead of the momentum. Dense parameters only.
  public var usesNesterov = false

  private var nesterov: Float {
    get { usesNesterov ? 1 : 0 }
    set { usesNesterov = newValue != 0 }
  }

  public var slots: [Slot] { [Slot("m"), Slot("v")] }
  public var scalars: [Slot] { [Slot("beta1_power", initialValue: beta1), Slot("beta2_power", initialValue: beta2)] }

  public init() {}
}

extension Adam: RunnableRule {
  /// `ApplyAdam`.
  struct DenseKernel: UpdateKernel {
    static let slotCount = 2
    let rate: Float
    let beta1: Float
    let rest1: Float
    let rest2: Float
    let epsilon: Float
    let usesNesterov: Bool

    /// The kernel for the powers `powers`.
    init(_ rule: Adam, rate: Float, _ powers: ScalarState) {
      self.rate = rate * (1 - powers.second).squareRoot() / (1 - powers.first)
      beta1 = rule.beta1
      rest1 = 1 - rule.beta1
      rest2 = 1 - rule.beta2
      epsilon = rule.epsilon
      usesNesterov = rule.usesNesterov
    }

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let rest1 = Lanes(repeating: rest1)
      let mean = elements.slot0 + (gradient - elements.slot0) * rest1
      let meanSquare = elements.slot1 + (gradient * gradient - elements.slot1) * Lanes(repeating: rest2)
      elements.slot0 = mean
      elements.slot1 = meanSquare
      let direction = usesNesterov ? gradient * rest1 + mean * Lanes(repeating: beta1) : mean
      let root = meanSquare.root + Lanes(repeating: epsilon)
      elements.weight = elements.weight - direction * Lanes(repeating: rate) / root
    }
  }

  /// The graph that `AdamOptimizer` builds for gradients of rows; a row that is not touched has the gradient zero.
  struct RowKernel: UpdateKernel {
    static let slotCount = 2
    let rate: Float
    let beta1: Float
    let beta2: Float
    let epsilon: Float

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let mean = elements.slot0 * Lanes(repeating: beta1) + gradient * Lanes(repeating: 1 - beta1)
      let square = gradient * gradient * Lanes(repeating: 1 - beta2)
      let meanSquare = elements.slot1 * Lanes(repeating: beta2) + square
      elements.slot0 = mean
      elements.slot1 = meanSquare
      let root = meanSquare.root + Lanes(repeating: epsilon)
      elements.weight = elements.weight - mean * Lanes(repeating: rate) / root
    }
  }

  func denseKernel(rate: Float, _ powers: ScalarState) -> DenseKernel { DenseKernel(self, rate: rate, powers) }

  func rowKernel(rate: Float, _ powers: ScalarState) -> RowKernel {
    let rate = rate * (1 - powers.second).squareRoot() / (1 - powers.first)
    return RowKernel(rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  func advanced(_ powers: ScalarState) -> ScalarState {
    ScalarState(first: powers.first * beta1, second: powers.second * beta2)
  }
}
