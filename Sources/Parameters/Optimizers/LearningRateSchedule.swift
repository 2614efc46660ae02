import Glibc

/// How the learning rate changes with the number of updates: the product of its parts, 1 where none is set.
public struct LearningRateSchedule: Hashable, Sendable {
  /// A slow start.
  public var warmUp = WarmUp()
  /// A geometric decay.
  public var exponential = ExponentialDecay()
  /// A harmonic decay.
  public var inverseTime = InverseTimeDecay()

  /// The rate stays as it is.
  public init() {}

  /// What the learning rate is multiplied by after `step` updates.
  public func factor(after step: UInt64) -> Float {
    self == LearningRateSchedule()
      ? 1 : warmUp.factor(after: step) * exponential.factor(after: step) * inverseTime.factor(after: step)
  }
}

/// Raises the learning rate linearly over the first `steps` updates; the first one uses `1 / steps` of it.
public struct WarmUp: Hashable, Sendable {
  /// The number of updates; 0 switches it off.
  public var steps: Float = 0

  /// No warm-up.
  public init() {}

  /// What the learning rate is multiplied by after `step` updates.
  public func factor(after step: UInt64) -> Float { min(1, (Float(step) + 1) / max(steps, 1)) }
}

/// Multiplies the learning rate by `rate` every `steps` updates, TensorFlow's `exponential_decay`.
public struct ExponentialDecay: Hashable, Sendable {
  /// The factor; 1 switches it off.
  public var rate: Float = 1
  /// The number of updates to which the factor applies.
  public var steps: Float = 1
  /// Whether the rate falls in steps instead of evenly.
  public var isStaircase = false

  /// No decay.
  public init() {}

  /// What the learning rate is multiplied by after `step` updates.
  public func factor(after step: UInt64) -> Float {
    let periods = Float(step) / steps
    return rate == 1 ? 1 : pow(rate, isStaircase ? periods.rounded(.down) : periods)
  }
}

/// Divides the learning rate by `1 + rate · step / steps`, TensorFlow's `inverse_time_decay`.
public struct InverseTimeDecay: Hashable, Sendable {
  /// How fast it falls; 0 switches it off.
  public var rate: Float = 0
  /// The number of updates after which `rate` is added once.
  public var steps: Float = 1
  /// Whether the rate falls in steps instead of evenly.
  public var isStaircase = false

  /// No decay.
  public init() {}

  /// What the learning rate is multiplied by after `step` updates.
  public func factor(after step: UInt64) -> Float {
    let periods = Float(step) / steps
    return 1 / (1 + rate * (isStaircase ? periods.rounded(.down) : periods))
  }
}
