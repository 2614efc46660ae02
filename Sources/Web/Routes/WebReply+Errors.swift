import JSON
import NIOHTTP1
import Serve

extension WebReply {
  /// A refusal, with a kind for programs, a sentence for people, and when to try again.
  init(_ error: ServiceError) {
    var text = ObjectText()
    text.add("kind", error.kind.rawValue)
    text.add("message", error.message)
    text.add("detail", error.detail)
    text.add("retry_after_ms", error.retryAfterMilliseconds)
    var outer = ObjectText()
    outer.add("error", text)
    self = .json(outer.text, status: error.kind.httpStatus)
    if error.retryAfterMilliseconds > 0 {
      headers.append(("Retry-After", String((error.retryAfterMilliseconds + 999) / 1000)))
    }
  }

  /// A refusal that has nothing to do with models.
  static func refusal(_ status: HTTPResponseStatus, _ kind: String, _ message: String) -> WebReply {
    var text = ObjectText()
    text.add("kind", kind)
    text.add("message", message)
    var outer = ObjectText()
    outer.add("error", text)
    return .json(outer.text, status: status)
  }
}

extension ServiceError.Kind {
  /// The status of HTTP that comes closest.
  var httpStatus: HTTPResponseStatus {
    switch self {
    case .unknownModel: .notFound
    case .malformed: .badRequest
    case .badBatch, .notFinite, .unusableModel: .unprocessableEntity
    case .frozen, .sourceGap, .sourceOverlap, .version: .conflict
    case .busy: .tooManyRequests
    case .draining: .serviceUnavailable
    case .deadline: .gatewayTimeout
    case .storage, .outcomeUnknown, .internal: .internalServerError
    }
  }
}
