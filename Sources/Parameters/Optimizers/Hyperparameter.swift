/// The hyper-parameters that optimizers have, numbered as they travel to a parameter server.
public enum Hyperparameter: UInt8, Hashable, Sendable, CaseIterable {
  case rate = 1
  case momentum = 2
  case nesterov = 3
  case epsilon = 4
  case initialAccumulator = 5
  case decay = 6
  case beta1 = 7
  case beta2 = 8
  case power = 9
  case l1 = 10
  case l2 = 11
  case shrinkage = 12

  case warmUp = 32
  case exponentialRate = 33
  case exponentialSteps = 34
  case exponentialStaircase = 35
  case inverseRate = 36
  case inverseSteps = 37
  case inverseStaircase = 38
  case clipValue = 39
  case clipNorm = 40
  case lowerBound = 41
  case upperBound = 42

  /// The key on the command line.
  public var key: String {
    switch self {
    case .rate: "rate"
    case .momentum: "momentum"
    case .nesterov: "nesterov"
    case .epsilon: "epsilon"
    case .initialAccumulator: "initial"
    case .decay: "decay"
    case .beta1: "beta1"
    case .beta2: "beta2"
    case .power: "power"
    case .l1: "l1"
    case .l2: "l2"
    case .shrinkage: "shrinkage"
    case .warmUp: "warmup"
    case .exponentialRate: "exponential"
    case .exponentialSteps: "exponential_steps"
    case .exponentialStaircase: "exponential_staircase"
    case .inverseRate: "inverse"
    case .inverseSteps: "inverse_steps"
    case .inverseStaircase: "inverse_staircase"
    case .clipValue: "clip"
    case .clipNorm: "clip_norm"
    case .lowerBound: "min"
    case .upperBound: "max"
    }
  }
}

/// Which values a hyper-parameter may have.
public enum HyperparameterRange: Hashable, Sendable, CustomStringConvertible {
  /// Any number.
  case finite
  /// Above zero.
  case positive
  /// Zero or above.
  case nonNegative
  /// At most zero.
  case nonPositive
  /// From 0 up to but without 1.
  case fraction
  /// 0 (no) or 1 (yes).
  case flag

  /// Whether `value` is allowed. Infinite values and NaN never are.
  public func contains(_ value: Float) -> Bool {
    switch self {
    case .finite: value.isFinite
    case .positive: value > 0 && value.isFinite
    case .nonNegative: value >= 0 && value.isFinite
    case .nonPositive: value <= 0 && value.isFinite
    case .fraction: value >= 0 && value < 1
    case .flag: value == 0 || value == 1
    }
  }

  public var description: String {
    switch self {
    case .finite: "a number"
    case .positive: "above 0"
    case .nonNegative: "0 or above"
    case .nonPositive: "0 or below"
    case .fraction: "from 0 up to but without 1"
    case .flag: "0 or 1"
    }
  }
}

/// Where a rule, or what surrounds it, keeps a hyper-parameter, and what it may be.
public struct HyperparameterField<Owner>: Sendable {
  /// Which one it is.
  public let hyperparameter: Hyperparameter
  /// Its allowed values.
  public let range: HyperparameterRange
  /// The property of the owner.
  public let path: any WritableKeyPath<Owner, Float> & Sendable

  /// `hyperparameter` is kept at `path`.
  init(
    _ hyperparameter: Hyperparameter, _ path: any WritableKeyPath<Owner, Float> & Sendable, _ range: HyperparameterRange
  ) {
    self.hyperparameter = hyperparameter
    self.path = path
    self.range = range
  }
}
