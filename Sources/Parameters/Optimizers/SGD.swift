import Kernels

/// Stochastic gradient descent: `w -= rate · g`, TensorFlow's `ApplyGradientDescent`.
public struct SGD: UpdateRule {
  public static let name = "sgd"
  public static let hyperparameters: [HyperparameterField<SGD>] = [.init(.rate, \.rate, .nonNegative)]

  public var rate: Float = 0.05

  public init() {}
}

extension SGD: RunnableRule {
  struct Kernel: UpdateKernel {
    static let slotCount = 0
    let rate: Float

    @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
      elements.weight = elements.weight - gradient * Lanes(repeating: rate)
    }
  }

  func denseKernel(rate: Float, _ scalars: ScalarState) -> Kernel { Kernel(rate: rate) }
}
