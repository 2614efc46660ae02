package import Parameters
import Synchronization

/// The parameters as scores see them: a copy that is replaced as a whole and never changed, so that scoring never waits
/// for training and always reads one version.
///
/// A copy is made when an update has waited for half of the staleness allowed; two are kept, and used in turns.
package final class PublishedParameters: ScoredParameters {
  private struct State {
    var published: ParameterSnapshot
    var spare: ParameterSnapshot?
    /// The newest version that is known of: the trainer told of it, or it is published.
    var newest: UInt64
    /// When the first version that is not published was applied; nil if the newest is.
    var waitingSince: ContinuousClock.Instant?
    var isPublishing = false
  }

  private let store: any SnapshotStore
  private let maximumStaleness: Duration
  private let state: Mutex<State>
  private let onPublish: @Sendable (_ freshness: Duration) -> Void

  /// Publishes the weights of `store` as they are now.
  ///
  /// - Parameter onPublish: Is told how long the first update of each published version waited.
  package init(
    _ store: any SnapshotStore, maximumStaleness: Duration, onPublish: @escaping @Sendable (Duration) -> Void
  ) throws {
    self.store = store
    self.maximumStaleness = maximumStaleness
    self.onPublish = onPublish
    var spare: ParameterSnapshot?
    let first = try store.snapshot(reusing: &spare)
    state = Mutex(State(published: first, newest: first.version))
  }

  func makeReader() -> any ScoredReader { SnapshotReader(self) }

  package func staleness(at now: ContinuousClock.Instant) -> Duration {
    state.withLock { $0.waitingSince.map { now - $0 } ?? .zero }
  }

  package func noteUpdate(version: UInt64, at now: ContinuousClock.Instant) {
    state.withLock {
      // A copy that was made since the update has it already.
      guard version > $0.newest else { return }
      $0.newest = version
      if $0.waitingSince == nil { $0.waitingSince = now }
    }
  }

  package func publishIfDue(at now: ContinuousClock.Instant) throws {
    let isDue = state.withLock { state in state.waitingSince.map { now - $0 >= maximumStaleness / 2 } ?? false }
    if isDue { try publish() }
  }

  /// The parameters to score with, or `nil` if what is published is too old.
  ///
  /// - Throws: ``ServiceError`` if the store has not got to `minimumVersion`.
  fileprivate func atHand(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws -> ParameterSnapshot? {
    let (published, newest, isStale) = state.withLock { state in
      (state.published, state.newest, state.waitingSince.map { now - $0 >= maximumStaleness } ?? false)
    }
    guard newest >= minimumVersion else { throw ServiceError.tooNew(minimumVersion, reached: newest) }
    return isStale || published.version < minimumVersion ? nil : published
  }

  /// The parameters to score with, copied now if what is published is too old: that waits for an update to end.
  ///
  /// - Throws: ``ServiceError`` if the store has not got to `minimumVersion`.
  fileprivate func current(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws -> ParameterSnapshot {
    if let published = try atHand(minimumVersion: minimumVersion, at: now) { return published }
    try publish(waiting: true)
    return state.withLock { $0.published }
  }

  /// Publishes what the store has now; one thread at a time copies, others go on with what there is unless `waiting`.
  private func publish(waiting: Bool = false) throws {
    var spare: ParameterSnapshot?
    let isMine = state.withLock { state in
      guard !state.isPublishing || waiting else { return false }
      state.isPublishing = true
      swap(&spare, &state.spare)
      return true
    }
    guard isMine else { return }
    defer { state.withLock { $0.isPublishing = false } }
    let fresh = try store.snapshot(reusing: &spare)
    let now = ContinuousClock.now
    let waited: Duration? = state.withLock { state in
      // Who copied at the same time may have published as much.
      guard fresh.version > state.published.version else { return nil }
      state.spare = state.published
      state.published = fresh
      state.newest = max(state.newest, fresh.version)
      defer { state.waitingSince = fresh.version == state.newest ? nil : now }
      return state.waitingSince.map { now - $0 }
    }
    if let waited { onPublish(waited) }
  }
}

/// Lends one published copy after another.
private final class SnapshotReader: ScoredReader {
  private let parameters: PublishedParameters
  private let snapshot = Mutex<ParameterSnapshot?>(nil)

  init(_ parameters: PublishedParameters) { self.parameters = parameters }

  var prefersRowRequests: Bool { false }

  func refresh(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws {
    let current = try parameters.current(minimumVersion: minimumVersion, at: now)
    snapshot.withLock { $0 = current }
  }

  func refreshIfAtHand(minimumVersion: UInt64, at now: ContinuousClock.Instant) throws -> Bool {
    guard let current = try parameters.atHand(minimumVersion: minimumVersion, at: now) else { return false }
    snapshot.withLock { $0 = current }
    return true
  }

  func lend(_ pull: RowRequest) throws -> ParameterValues {
    guard let snapshot = snapshot.withLock({ $0 }) else { preconditionFailure("no copy to read") }
    return snapshot.values
  }
}
