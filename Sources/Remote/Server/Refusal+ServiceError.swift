import Serve
import Wire

extension Refusal {
  /// The refusal on the wire of what the service refuses with `error`.
  init(_ error: ServiceError) {
    self.init(
      error.kind.code, closing: false, retryAfterMilliseconds: error.retryAfterMilliseconds, detail: error.detail,
      error.message)
  }
}

extension ServiceError.Kind {
  /// The number on the wire.
  ///
  /// A server that is stopping says busy: its connections are told to leave by themselves. A frozen model is no reason to
  /// send the same again and again, and a batch that may be applied must not be.
  var code: ErrorCode {
    switch self {
    case .unknownModel: .unknownModel
    case .unusableModel: .schemaConflict
    case .malformed: .malformed
    case .badBatch: .shapeMismatch
    case .notFinite: .notFinite
    case .frozen: .forbidden
    case .busy, .draining: .busy
    case .deadline: .deadline
    case .sourceGap: .offsetGap
    case .sourceOverlap: .offsetOverlap
    case .version: .modelInitialising
    case .storage: .recovering
    case .outcomeUnknown: .sessionUnknown
    case .internal: .internal
    }
  }
}
