import Parameters

/// The parameters of a model as its scores read them, while others train it.
protocol ScoredParameters: AnyObject, Sendable {
  /// A reader for one thread at a time.
  func makeReader() -> any ScoredReader

  /// How long the first update that scores do not see has been waiting.
  func staleness(at now: ContinuousClock.Instant) -> Duration

  /// Notes that an update was applied, and the parameters are now at `version`.
  func noteUpdate(version: UInt64, at now: ContinuousClock.Instant)

  /// Shows updates to scores that have waited long enough.
  func publishIfDue(at now: ContinuousClock.Instant) throws
}

/// Lends parameters to a ``Predictor``. Used by one thread at a time.
protocol ScoredReader: ParameterReader {
  /// Makes what is lent next as new as it has to be, and at least `minimumVersion`.
  ///
  /// - Throws: ``ServiceError`` if the model has not got that far.
  func refresh(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws

  /// The same, unless somebody has to be waited for: false then, and what is lent next stays as it is.
  func refreshIfAtHand(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws -> Bool
}

extension ServiceError {
  /// A version is asked for that the model has not reached.
  static func tooNew(_ wanted: UInt64, reached: UInt64) -> ServiceError {
    ServiceError(
      .version, "version \(wanted) is asked for, the model is at \(reached)", retryAfterMilliseconds: 10,
      detail: reached)
  }
}
