import Kernels

extension ParameterGradients {
  /// The Euclidean norm of all gradients together.
  ///
  /// - Complexity: One pass over the gradients.
  package var norm: Double {
    gradients.reduce(0) { sum, gradient in
      switch gradient {
      case .none: sum
      case .dense(let values), .rows(_, let values): sum + LinearAlgebra.sumOfSquares(values)
      }
    }.squareRoot()
  }

  /// Shortens the gradients, in place, so that their norm is at most `limit`; their direction stays.
  ///
  /// - SeeAlso: R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013.
  package func clip(toNorm limit: Float) {
    let norm = norm
    guard norm > Double(limit) else { return }
    let factor = Float(Double(limit) / norm)
    for gradient in gradients {
      switch gradient {
      case .none: continue
      case .dense(let values), .rows(_, let values): Elementwise.scale(values, by: factor)
      }
    }
  }
}
