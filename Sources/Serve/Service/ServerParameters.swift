import Parameters
import Synchronization

/// Parameters that parameter servers keep: every score reads what it needs from there, so that it sees every update.
final class ServerParameters: ScoredParameters {
  private let store: any ParameterStore
  private let onPublish: @Sendable (_ freshness: Duration) -> Void

  /// Reads through `store`, which nobody trains through.
  ///
  /// - Parameter onPublish: Is told of each update that scores see it at once.
  init(_ store: any ParameterStore, onPublish: @escaping @Sendable (Duration) -> Void) {
    self.store = store
    self.onPublish = onPublish
  }

  func makeReader() -> any ScoredReader { ServerReader(store) }

  func staleness(at now: ContinuousClock.Instant) -> Duration { .zero }

  func noteUpdate(version: UInt64, at now: ContinuousClock.Instant) { onPublish(.zero) }

  func publishIfDue(at now: ContinuousClock.Instant) {}
}

/// Reads from parameter servers for one score after another.
private final class ServerReader: ScoredReader {
  private let store: any ParameterStore
  private let minimumVersion = Mutex<UInt64>(0)

  init(_ store: any ParameterStore) { self.store = store }

  var prefersRowRequests: Bool { store.prefersRowRequests }

  func refresh(minimumVersion: UInt64, at now: ContinuousClock.Instant) {
    self.minimumVersion.withLock { $0 = minimumVersion }
  }

  func refreshIfAtHand(minimumVersion: UInt64, at now: ContinuousClock.Instant) -> Bool { false }

  func lend(_ pull: RowRequest) throws -> ParameterValues {
    let values = try store.lend(pull)
    let minimum = minimumVersion.withLock { $0 }
    guard values.version >= minimum else { throw ServiceError.tooNew(minimum, reached: values.version) }
    return values
  }
}
