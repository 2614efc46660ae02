import Glibc
import Kernels

/// FTRL-Proximal: per-coordinate rates, and weights that are exactly zero until their gradients exceed `l1`.
///
/// With `σ = (n'^-power - n^-power) / rate` and `n' = n + g²`: `z += g - σ · w`, and `w = 0` if `|z| ≤ l1`, otherwise
/// `(sign(z) · l1 - z) / (n'^-power / rate + 2 · l2)`. With `shrinkage`, `z` sees `g + 2 · shrinkage · w`.
/// TensorFlow's `ApplyFtrl` and `ApplyFtrlV2`.
/// - SeeAlso: McMahan et al., *Ad Click Prediction: a View from the Trenches*, KDD 2013, Algorithm 1.
public struct FTRL: UpdateRule {
  public static let name = "ftrl"
  public static let hyperparameters: [HyperparameterField<FTRL>] = [
    .init(.rate, \.rate, .positive), .init(.power, \.power, .nonPositive),
    .init(.initialAccumulator, \.initialAccumulator, .nonNegative), .init(.l1, \.l1, .nonNegative),
    .init(.l2, \.l2, .nonNegative), .init(.shrinkage, \.shrinkage, .nonNegative),
  ]

  public var rate: Float = 0.05
  /// How the rate falls with the sum of squares; -0.5 is its root.
  public var power: Float = -0.5
  /// What the sum of squares starts at.
  public var initialAccumulator: Float = 0.1
  /// The threshold below which a weight is zero.
  public var l1: Float = 0
  /// The strength with which weights are pulled to zero.
  public var l2: Float = 0
  /// The same, but only where there is a gradient.
  public var shrinkage: Float = 0

  public var slots: [Slot] { [Slot("accumulator", initialValue: initialAccumulator), Slot("linear")] }

  public init() {}
}

extension FTRL: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 2
    let rate: Float
    let rule: FTRL

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      let weight = elements.weight
      let rate = Lanes(repeating: rate)
      let l1 = Lanes(repeating: rule.l1)
      let accumulator = elements.slot0 + gradient * gradient
      let (after, before) = (power(accumulator), power(elements.slot0))
      let pull = rule.shrinkage == 0 ? gradient : gradient + Lanes(repeating: 2 * rule.shrinkage) * weight
      let linear = elements.slot1 + (pull - (after - before) / rate * weight)
      elements.slot0 = accumulator
      elements.slot1 = linear
      let zero = Lanes(repeating: 0)
      let size = linear.raised(to: zero - linear)
      let signed = linear.whereGreater(than: zero, l1, otherwise: zero - l1)
      let proximal = (signed - linear) / (after / rate + Lanes(repeating: 2 * rule.l2))
      elements.weight = size.whereGreater(than: l1, proximal, otherwise: zero)
    }

    /// `x` to the power `-rule.power`.
    @inline(always) private func power<Lanes: FloatLanes>(_ x: Lanes) -> Lanes {
      if rule.power == -0.5 { return x.root }
      var result = x
      for lane in 0..<Lanes.laneCount { result[lane: lane] = pow(x[lane: lane], -rule.power) }
      return result
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel { Kernel(rate: rate, rule: self) }
}
