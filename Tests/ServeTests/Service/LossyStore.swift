import PS
import Parameters
import Synchronization
import TestSupport

/// A session with parameters elsewhere that can lose an answer, and takes no more pushes then.
final class LossyStore: StandInStore {
  let base: any ParameterStore
  private let state = Mutex((losesAnswer: false, isCutOff: false, losesReads: false, isDeaf: false))

  /// A session with `base`.
  init(_ base: any ParameterStore) { self.base = base }

  /// Applies the next push, and does not say so.
  func loseNextAnswer() { state.withLock { $0.losesAnswer = true } }

  /// Answers no question after the next push that brings none.
  func stopReadingAfterPush() { state.withLock { $0.losesReads = true } }

  func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    let now = state.withLock { $0 }
    guard push != nil else {
      if now.isDeaf { throw Self.silence }
      return try base.exchange(push: nil, pull: pull)
    }
    if now.isCutOff { throw ClientError.outcomeUnknown(server: "far") }
    let values = try base.exchange(push: push, pull: pull)
    state.withLock { ($0.losesAnswer, $0.isCutOff, $0.isDeaf) = (false, now.losesAnswer, now.losesReads) }
    if now.losesAnswer { throw Self.silence }
    return values
  }

  private static let silence = ClientError.unavailable(server: "far", waited: .seconds(1), lastProblem: "silence")
}
