package import Kernels

/// The values a parameter has before anything is written to it or pushed.
///
/// Each value depends on nothing but the case and its position, so a large table can be filled row by row when a row
/// is first asked for, and two processes that start alike agree.
public enum InitialValues: Hashable, Sendable {
  /// Zero everywhere.
  case zeros
  /// One value everywhere.
  case constant(Float)
  /// Random, uniform in `low..<high`: `Kernels.Random` of this key and stream.
  case uniform(low: Float, high: Float, key: UInt64, stream: UInt64)
  /// Random, normal with this mean and standard deviation.
  case normal(mean: Float, deviation: Float, key: UInt64, stream: UInt64)
  /// The same, drawn again while not within two deviations of the mean.
  case truncatedNormal(mean: Float, deviation: Float, key: UInt64, stream: UInt64)

  /// Whether memory that is zero already has these values.
  package var areZero: Bool { self == .zeros || self == .constant(0) }

  /// Fills `weights`, the elements of a parameter from `offset` on.
  package func fill(_ weights: MemoryView<Float>, from offset: Int) {
    switch self {
    case .zeros: weights.fill(0)
    case .constant(let value): weights.fill(value)
    case .uniform(let low, let high, let key, let stream):
      Random.uniform(key: key, stream: stream, offset: offset, into: weights)
      weights.scale(by: high - low, plus: low)
    case .normal(let mean, let deviation, let key, let stream):
      Random.normal(key: key, stream: stream, offset: offset, into: weights)
      weights.scale(by: deviation, plus: mean)
    case .truncatedNormal(let mean, let deviation, let key, let stream):
      Random.truncatedNormal(key: key, stream: stream, offset: offset, into: weights)
      weights.scale(by: deviation, plus: mean)
    }
  }
}

extension MemoryView<Float> {
  fileprivate func scale(by factor: Float, plus term: Float) {
    for index in 0..<count { self[index] = self[index] * factor + term }
  }
}
