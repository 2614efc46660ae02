import Graph
import PS
import Parameters

/// Why the service refuses a request. Nothing has changed then, but that the store may have applied a batch whose
/// answer it lost: a batch of a source, which is sent again, or one of the kind ``Kind/outcomeUnknown``.
public struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of refusal it is, and so what a client can do.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// No model of that name.
    case unknownModel = "unknown_model"
    /// The model is there but cannot be used: its graph or configuration is wrong, or its replacement does not fit.
    case unusableModel = "unusable_model"
    /// The request is not understood.
    case malformed
    /// The batch has values or sizes that the model cannot take; `detail` is the number of the example.
    case badBatch = "bad_batch"
    /// The loss or a gradient was not finite.
    case notFinite = "not_finite"
    /// The model is frozen: it scores but does not train.
    case frozen
    /// As many batches wait as may; try again.
    case busy
    /// The service is about to stop; try again elsewhere or later.
    case draining
    /// The request's time ran out before its turn came; nothing was done.
    case deadline
    /// The batch skips a part of its stream; `detail` is the offset to continue at.
    case sourceGap = "source_gap"
    /// The batch repeats a part of its stream and has more; `detail` is the offset to continue at.
    case sourceOverlap = "source_overlap"
    /// The model has not got as far as the version asked for; `detail` is the version it has.
    case version
    /// The store failed: disk or parameter server.
    case storage
    /// The parameter server did not say whether it has applied the batch, which has no source to tell by: who sends it
    /// again may have it applied twice.
    case outcomeUnknown = "outcome_unknown"
    /// A fault of our own.
    case `internal`

    /// Whether the same request may succeed a little later.
    public var isTemporary: Bool {
      switch self {
      case .busy, .draining, .frozen, .deadline, .sourceGap, .version, .storage: true
      default: false
      }
    }
  }

  /// What kind of refusal it is.
  public var kind: Kind
  /// A sentence for people: what was found, what was expected.
  public var message: String
  /// After how many milliseconds to try again, where that makes sense.
  public var retryAfterMilliseconds: UInt32
  /// A number that goes with the kind.
  public var detail: UInt64

  /// A refusal.
  public init(_ kind: Kind, _ message: String, retryAfterMilliseconds: UInt32 = 0, detail: UInt64 = 0) {
    self.kind = kind
    self.message = message
    self.retryAfterMilliseconds = retryAfterMilliseconds
    self.detail = detail
  }

  public var description: String { message }

  /// What a step or a score that failed with `error` is refused with.
  init(_ error: any Error) {
    switch error {
    case let error as ServiceError: self = error
    case let error as BatchError: self.init(.badBatch, "\(error)", detail: error.example)
    case let error as NonFiniteError: self.init(.notFinite, "\(error)")
    case StoreError.sourceGap(_, let stored):
      self.init(.sourceGap, "\(error)", retryAfterMilliseconds: 50, detail: stored)
    case StoreError.sourceOverlap(_, let stored): self.init(.sourceOverlap, "\(error)", detail: stored)
    case is StoreError, is ClientError: self.init(.storage, "\(error)", retryAfterMilliseconds: 1000)
    case is OptimizerChoiceError: self.init(.unusableModel, "\(error)")
    case is ExecutionFailure, is BindingError, is ModelError, is PlanError, is RowOutsideTableError:
      self.init(.badBatch, "\(error)")
    default: self.init(.internal, "\(error)")
    }
  }
}
