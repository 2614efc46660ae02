import Kernels

/// Limits of a parameter's gradient.
public struct GradientClipping: Hashable, Sendable {
  /// The largest magnitude of an element; infinite switches it off.
  public var value = Float.infinity
  /// The largest Euclidean norm of a push's gradient of the parameter, to which a longer one is scaled down before
  /// ``value`` applies; infinite switches it off.
  public var norm = Float.infinity

  /// No limits.
  public init() {}

  /// What a gradient of this sum of squares is multiplied by.
  func scale(sumOfSquares: @autoclosure () -> Double) -> Float {
    guard norm < .infinity else { return 1 }
    let length = Float(sumOfSquares().squareRoot())
    return length > norm ? norm / length : 1
  }
}

extension MemoryView<Float> {
  /// The sum of the squares, all of it in double precision.
  ///
  /// `LinearAlgebra.sumOfSquares` is faster and rounds otherwise; what optimizers clip stays the same to the last bit.
  var sumOfSquares: Double {
    var sums = SIMD8<Double>(repeating: 0)
    var index = 0
    while index <= count - 8 {
      let lanes = SIMD8<Double>(load(SIMD8<Float>.self, at: index))
      sums += lanes * lanes
      index += 8
    }
    var sum = sums.sum()
    while index < count {
      sum += Double(self[index]) * Double(self[index])
      index += 1
    }
    return sum
  }
}
