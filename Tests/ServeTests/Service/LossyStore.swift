import Kernels
import PS
import Parameters
import Synchronization

/// A session with parameters elsewhere that can lose an answer, and takes no more pushes then.
final class LossyStore: ParameterStore {
  private let base: any ParameterStore
  private let state = Mutex((losesAnswer: false, isCutOff: false, losesReads: false, isDeaf: false))

  /// A session with `base`.
  init(_ base: any ParameterStore) { self.base = base }

  /// Applies the next push, and does not say so.
  func loseNextAnswer() { state.withLock { $0.losesAnswer = true } }

  /// Answers no question after the next push that brings none.
  func stopReadingAfterPush() { state.withLock { $0.losesReads = true } }

  var parameters: [ParameterSpec] { base.parameters }
  var version: UInt64 { base.version }
  var prefersRowRequests: Bool { base.prefersRowRequests }
  var tensors: [StoredTensor] { base.tensors }

  func offset(ofSource source: String) throws -> UInt64? { try base.offset(ofSource: source) }

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

  func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    try base.setOptimizer(optimizer, of: parameter)
  }

  func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    try base.read(tensor, from: offset, into: destination)
  }

  func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    try base.write(values, to: tensor, at: offset)
  }

  func save() throws { try base.save() }
}
