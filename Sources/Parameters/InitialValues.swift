import Kernels

/// The values a parameter has before anything is written to it or pushed.
public enum InitialValues: Hashable, Sendable {
  /// Zero everywhere.
  case zeros
  /// One value everywhere.
  case constant(Float)
}

extension InitialValues {
  /// Fills `weights`, the elements of a parameter from `offset` on.
  func fill(_ weights: MemoryView<Float>, from offset: Int) {
    switch self {
    case .zeros: weights.fill(0)
    case .constant(let value): weights.fill(value)
    }
  }
}
