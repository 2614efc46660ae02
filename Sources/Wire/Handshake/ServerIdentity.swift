/// What a server says of itself in each challenge.
public struct ServerIdentity: Hashable, Sendable {
  /// Names the server's data.
  public var storeID: Identifier
  /// Another number each time the server starts.
  public var bootID: UInt64
  /// The optional features that the server knows.
  public var features = Features.known
  /// The shard map's epoch.
  public var epoch: UInt32 = 0
  /// Which shard the server is.
  public var shard: UInt16 = 0
  /// How many shards there are.
  public var shards: UInt16 = 1

  /// The only shard, of a store.
  public init(storeID: Identifier, bootID: UInt64) {
    self.storeID = storeID
    self.bootID = bootID
  }
}

/// Who is at the other end of a server's connection, after the handshake.
public struct ClientIdentity: Hashable, Sendable {
  /// Names the client's session.
  public let id: Identifier
  /// The key that the client has; empty where none is needed.
  public let keyID: String
  /// What the client may do: what it asked for, at most what its key allows.
  public let role: Role
  /// The largest payload that the client accepts.
  public let receiveLimit: Int
  /// The optional features in use.
  public let features: Features
  /// The client's build, for logs.
  public let build: String
}

/// Where a client's session stands; all zero for a new one.
public struct SessionState: Hashable, Sendable {
  /// The last mutation that was applied.
  public var lastAppliedSequence: UInt64
  /// The session's number, for logs.
  public var number: UInt64

  /// A session that stands at `lastAppliedSequence`.
  public init(lastAppliedSequence: UInt64 = 0, number: UInt64 = 0) {
    self.lastAppliedSequence = lastAppliedSequence
    self.number = number
  }
}
