/// Why a client's connection is over.
public enum ConnectionError: Error, Hashable, Sendable {
  /// The server cannot be reached.
  case unreachable(address: String, reason: String)
  /// The server ended the connection without a word.
  case closedByServer
  /// The server said why it ends the connection.
  case refused(Refusal)
  /// The server did not complete the handshake in time.
  case handshakeTimeout(Duration)
  /// The server gives no sign of life.
  case silent(Duration)
  /// The client has a key, and the server wants none: it may be somebody else.
  case authenticationMissing(keyID: String)
  /// The server wants a key, and the client has none.
  case keyMissing
  /// The server cannot prove that it has the key.
  case serverNotAuthentic(keyID: String)
  /// The connection cannot be encrypted, or the server cannot show that it is the one meant.
  case notSecure(reason: String)
  /// The server breaks the rules of the protocol.
  case breach(Refusal)
}

extension ConnectionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let address, let reason): "\(address) cannot be reached: \(reason)"
    case .closedByServer: "the server closed the connection"
    case .refused(let refusal): "the server refuses: \(refusal)"
    case .handshakeTimeout(let time): "the server did not complete the handshake within \(time)"
    case .silent(let time): "the server gave no sign of life for \(time)"
    case .authenticationMissing(let key):
      "the server wants no key, and this client has the key '\(key)': it may be another server than the one meant"
    case .keyMissing: "the server wants a key, and this client has none: name a key file"
    case .serverNotAuthentic(let key): "the server cannot prove that it has the key '\(key)'"
    case .notSecure(let reason): "no secure connection to the server: \(reason)"
    case .breach(let refusal) where refusal.code == .badMagic:
      "the server does not speak this protocol, or speaks it with TLS: then use --tls or --tls-ca"
    case .breach(let refusal): "the server breaks the rules of the protocol: \(refusal)"
    }
  }
}

extension ConnectionError {
  /// Whether another attempt may succeed without anybody changing anything.
  public var isTransient: Bool {
    switch self {
    case .unreachable, .closedByServer, .handshakeTimeout, .silent: true
    // A server that answers in frames and takes ours for none has got other bytes than were sent.
    case .refused(let refusal): refusal.code.retry != .never || refusal.code == .badMagic
    case .breach(let refusal): refusal.code.retry != .never
    case .authenticationMissing, .keyMissing, .serverNotAuthentic, .notSecure: false
    }
  }
}
