/// How much a peer may ask for; a server says so in its challenge.
public struct Limits: Hashable, Sendable {
  /// Bytes of a payload before the peer has shown who it is.
  public var handshakePayload = 1024
  /// How long a handshake may take.
  public var handshakeTime = Duration.seconds(2)
  /// Bytes of a payload.
  public var payload = 64 << 20
  /// Requests of a connection that are not answered yet.
  public var requestsInFlight = 32
  /// Bytes of these requests.
  public var requestBytesInFlight = 128 << 20
  /// Connections at a time.
  public var connections = 1024
  /// Bytes of unanswered requests of all connections.
  public var totalRequestBytes = 512 << 20
  /// How long a frame may take to arrive after its first byte, beside what a slow line needs for its payload.
  public var frameTime = Duration.seconds(10)
  /// How slow a line may be: payload bytes per second after ``frameTime``.
  public var slowestBytesPerSecond = 64 << 10
  /// How long a client may take nothing of what it was sent.
  public var stallTime = Duration.seconds(10)
  /// Bytes that wait to be taken by a client, beside a reply of the largest size, before it gets nothing more.
  public var outboundBytes = 64 << 20
  /// Bytes that wait to be taken by all clients together before nobody may ask for anything more.
  public var totalOutboundBytes = 256 << 20
  /// Bytes that wait to be taken by a client before it may ask for nothing more, until only ``outboundLowMark`` do.
  public var outboundHighMark = 256 << 10
  /// How few bytes may wait before a client that took too little may ask again.
  public var outboundLowMark = 64 << 10
  /// How long a connection may be quiet.
  public var idleTime = Duration.seconds(60)
  /// How long a client is quiet before it asks whether the server lives.
  public var pingTime = Duration.seconds(15)
  /// How long a client waits for any sign of life after it asked.
  public var answerTime = Duration.seconds(30)
  /// How long a connection that is over stays, so that the other end can read why.
  public var lingerTime = Duration.seconds(1)
  /// How long the answer to a failed authentication is held back.
  public var authenticationDelay = Duration.milliseconds(500)
  /// How many such answers are held back at a time; more are not answered at all.
  public var authenticationsDelayed = 64

  /// The largest payload that any server may accept.
  public static let payloadCap = 256 << 20

  /// The bytes up to which a request is small: an eighth of ``totalRequestBytes`` is for such requests alone.
  static let smallRequest = 64 << 10

  /// The defaults.
  public init() {}

  /// Checks that the limits can be kept and announced.
  ///
  /// - Throws: What is wrong, and what would be right.
  public func check() throws(LimitsError) {
    func require(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(LimitsError) {
      guard range.contains(value) else { throw LimitsError(name: name, value: value, range: range) }
    }
    try require("payload", payload, in: handshakePayload...Self.payloadCap)
    try require("requests in flight", requestsInFlight, in: 1...Int(UInt16.max))
    try require("request bytes in flight", requestBytesInFlight, in: payload...Int.max)
    try require("request bytes of all connections", totalRequestBytes, in: payload + payload / 7 + 1...Int.max)
    try require("connections", connections, in: 1...Int.max)
  }
}

/// A limit that cannot be kept.
public struct LimitsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which one.
  public var name: String
  /// What it was set to.
  public var value: Int
  /// What it may be.
  public var range: ClosedRange<Int>

  public var description: String {
    let bounds = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound)…\(range.upperBound)"
    return "the limit of \(name) is \(value); it must be \(bounds)"
  }
}
