public import NIOCore

/// A server's answer to a ``Hello`` (88 bytes).
///
///      0  1  version       the highest that both speak
///      1  1  authentication  0: none, 1: HMAC
///      2  2  requests in flight
///      4  4  payload limit
///      8  8  features      those that both know
///     16 16  store id      names the server's data
///     32 32  nonce         random for each connection
///     64  8  boot id       another one each time the server starts
///     72  4  epoch         of the shard map
///     76  2  shard
///     78  2  shards
///     80  4  keepalive     milliseconds of silence after which a client should ping
///     84  4  0
public struct Challenge: Hashable, Sendable {
  /// The bytes of a challenge.
  public static let byteCount = 88

  /// The version both ends speak from now on.
  public var version: UInt8 = 1
  /// Whether client and server have to prove that they have the key.
  public var isAuthenticated = false
  /// How many requests may be unanswered.
  public var requestsInFlight: UInt16
  /// The largest payload that the server accepts.
  public var payloadLimit: UInt32
  /// The optional features in use.
  public var features: Features = []
  /// Which store the server has.
  public var storeID: Identifier
  /// Random bytes that make the proofs of this connection worthless for another.
  public var nonce: [UInt8]
  /// Which run of the server this is.
  public var bootID: UInt64
  /// The shard map's epoch.
  public var epoch: UInt32 = 0
  /// Which shard the server is.
  public var shard: UInt16 = 0
  /// How many shards there are.
  public var shards: UInt16 = 1
  /// After how many milliseconds of silence a client should ping.
  public var keepaliveMilliseconds: UInt32

  /// A challenge of a server with these limits.
  public init(storeID: Identifier, bootID: UInt64, nonce: [UInt8], limits: Limits = Limits()) {
    precondition(nonce.count == 32, "a nonce of \(nonce.count) bytes")
    self.storeID = storeID
    self.bootID = bootID
    self.nonce = nonce
    requestsInFlight = UInt16(limits.requestsInFlight)
    payloadLimit = UInt32(limits.payload)
    keepaliveMilliseconds = UInt32(limits.pingTime / .milliseconds(1))
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: Self.byteCount)
    writer.integer(version)
    writer.flag(isAuthenticated)
    writer.integer(requestsInFlight)
    writer.integer(payloadLimit)
    writer.integer(features.rawValue)
    writer.data(storeID.bytes)
    writer.data(nonce)
    writer.integer(bootID)
    writer.integer(epoch)
    writer.integer(shard)
    writer.integer(shards)
    writer.integer(keepaliveMilliseconds)
    writer.zeros(4)
    return writer.payload
  }

  /// Reads a payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    version = try reader.integer()
    isAuthenticated = try reader.flag()
    requestsInFlight = try reader.integer()
    payloadLimit = try reader.integer()
    features = Features(rawValue: try reader.integer())
    storeID = try Identifier(from: &reader)
    nonce = try reader.data(count: 32)
    bootID = try reader.integer()
    epoch = try reader.integer()
    shard = try reader.integer()
    shards = try reader.integer()
    keepaliveMilliseconds = try reader.integer()
    try reader.zeros(4)
    try reader.finish()
    guard requestsInFlight > 0, shards > 0, shard < shards else {
      throw Refusal(.malformed, closing: true, "a challenge of shard \(shard) of \(shards)")
    }
  }
}
