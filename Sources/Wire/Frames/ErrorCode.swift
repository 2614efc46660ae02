/// What can be wrong with a frame, a peer, a request or a server, by number.
public enum ErrorCode: UInt16, Hashable, Sendable, CaseIterable {
  // Framing.
  case badMagic = 100
  case badHeaderChecksum = 101
  case unsupportedVersion = 102
  case frameTooLarge = 103
  case badPayloadChecksum = 104
  case reservedBits = 105
  case unknownType = 106
  case handshakeTimeout = 107
  case slowFrame = 108
  case idle = 109
  case slowConsumer = 110

  // Who asks.
  case authenticationRequired = 200
  case authenticationFailed = 201
  case forbidden = 202
  case fenced = 203
  case tooManyConnections = 204
  case authenticationThrottled = 205

  // What is asked.
  case malformed = 300
  case limit = 301
  case unknownModel = 302
  case unknownTensor = 303
  case shapeMismatch = 304
  case keysNotAscending = 305
  case notFinite = 306
  case schemaConflict = 307
  case responseTooLarge = 308
  case duplicateRequestID = 309

  // In which order.
  case sequenceGap = 400
  case sequenceTooOld = 401
  case sessionUnknown = 402
  case sessionEvicted = 403
  case clockRegression = 404
  case staleEpoch = 405
  case wrongShard = 406
  case offsetGap = 407
  case offsetOverlap = 408
  case valuesMissing = 409

  // Not now.
  case busy = 500
  case modelInitialising = 501
  case clockWaitTimeout = 502
  case draining = 503
  case readOnlyDiskFull = 504
  case storageFailed = 505
  case deadline = 506
  case recovering = 507

  case `internal` = 900

  /// What a client can do about an error.
  public enum Retry: UInt8, Hashable, Sendable {
    /// Nothing: the request is wrong.
    case never = 0
    /// Send the same again, under the same sequence number, after a while.
    case sameRequest = 1
    /// Connect again, then send the same.
    case reconnect = 2
    /// Ask for the shard map, then send the same to the right shard.
    case refreshMap = 3
  }

  /// What a client can do about it.
  public var retry: Retry {
    switch self {
    case .badHeaderChecksum, .badPayloadChecksum, .handshakeTimeout, .slowFrame, .idle, .slowConsumer,
      .tooManyConnections, .authenticationThrottled, .draining, .storageFailed:
      .reconnect
    case .sequenceGap, .offsetGap, .busy, .modelInitialising, .clockWaitTimeout, .readOnlyDiskFull, .deadline,
      .recovering:
      .sameRequest
    case .staleEpoch, .wrongShard: .refreshMap
    default: .never
    }
  }

  /// Whether nothing more can be said on the connection, as a rule.
  public var closesConnection: Bool {
    switch self {
    case .unknownType, .forbidden: false
    case .duplicateRequestID, .storageFailed: true
    default: rawValue < 300
    }
  }
}
