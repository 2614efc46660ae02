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
  /// Bytes that wait to be taken by a client.
  public var outboundBytes = 64 << 20
  /// How long a connection may be quiet.
  public var idleTime = Duration.seconds(60)
  /// How long a client is quiet before it asks whether the server lives.
  public var pingTime = Duration.seconds(15)
  /// How long the answer to a failed authentication is held back.
  public var authenticationDelay = Duration.milliseconds(500)
  /// How many such answers are held back at a time; more are not answered at all.
  public var authenticationsDelayed = 64

  /// The largest payload that any server may accept.
  public static let payloadCap = 256 << 20

  /// The defaults.
  public init() {}
}
