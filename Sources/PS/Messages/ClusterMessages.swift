public import Wire

/// How those train on a cluster who do not say otherwise.
public struct TrainingDefaults: Hashable, Sendable {
  /// How many workers train a model.
  public var workers = 1
  /// How far they may get ahead of each other.
  public var consistency = Consistency.asynchronous

  /// One worker.
  public init() {}

  init(from reader: inout MessageReader) throws(Refusal) {
    workers = Int(try reader.integer(UInt32.self))
    guard (1...ModelSchema.workerLimit).contains(workers) else {
      throw Refusal(.limit, "\(workers) workers; from 1 to \(ModelSchema.workerLimit) are possible")
    }
    consistency = try Consistency(from: &reader)
  }

  func write(to writer: inout MessageWriter) {
    writer.integer(UInt32(workers))
    consistency.write(to: &writer)
  }
}

/// Asks a scheduler to enter or leave a cluster.
///
///     u8 role, 3 × 0, u32 index (2^32 - 1: any), string address, 16 bytes store or client id
public struct JoinRequest: MessageBody, Hashable, Sendable {
  /// ``Wire/Role/server`` or ``Wire/Role/worker``.
  public var role: Role
  /// The shard or rank that the member has, or wants; `nil` for any that is free.
  public var index: Int?
  /// Where a server is reached; empty for a worker.
  public var address: String
  /// Which store a server has, or the client id of a worker.
  public var member: Identifier

  /// The most bytes of an address.
  static let addressLimit = 255

  /// A member of a cluster.
  public init(role: Role, index: Int?, address: String, member: Identifier) {
    self.role = role
    self.index = index
    self.address = address
    self.member = member
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    guard let role = Role(rawValue: try reader.integer()), role == .server || role == .worker else {
      throw Refusal(.malformed, "only servers and workers join")
    }
    self.role = role
    try reader.zeros(3)
    let index = try reader.integer(UInt32.self)
    self.index = index == .max ? nil : Int(index)
    address = try reader.string(limit: Self.addressLimit)
    member = try Identifier(from: &reader)
  }

  public func write(to writer: inout MessageWriter) {
    writer.integer(role.rawValue)
    writer.zeros(3)
    writer.integer(index.map(UInt32.init) ?? .max)
    writer.string(address)
    writer.data(member.bytes)
  }
}

/// Which server has which shard.
///
///     u32 epoch, u32 index of who joined (2^32 - 1: nobody did), u32 workers, u8 consistency, u8 0, u16 staleness,
///     list of {string address, 16 bytes store id}
///
/// The list is in the order of shards; an address is empty while the shard's server has not joined.
public struct ShardMapReply: MessageBody, Hashable, Sendable {
  /// Grows with each change.
  public var epoch: UInt32
  /// The shard or rank given to who joined.
  public var index: Int?
  /// How the cluster is trained on by those who do not say.
  public var defaults: TrainingDefaults
  /// The servers.
  public var servers: [Server]

  /// A shard's server.
  public struct Server: Hashable, Sendable {
    /// Where it is reached, or empty.
    public var address: String
    /// Its store.
    public var storeID: Identifier

    /// A server.
    public init(address: String, storeID: Identifier) {
      self.address = address
      self.storeID = storeID
    }
  }

  /// A map.
  public init(epoch: UInt32, index: Int? = nil, defaults: TrainingDefaults, servers: [Server]) {
    self.epoch = epoch
    self.index = index
    self.defaults = defaults
    self.servers = servers
  }

  /// Whether every shard has a server.
  public var isComplete: Bool { !servers.isEmpty && servers.allSatisfy { !$0.address.isEmpty } }

  public init(from reader: inout MessageReader) throws(Refusal) {
    epoch = try reader.integer()
    let index = try reader.integer(UInt32.self)
    self.index = index == .max ? nil : Int(index)
    defaults = try TrainingDefaults(from: &reader)
    servers = []
    for _ in 0..<(try reader.count(limit: ShardMap.slotCount, elementBytes: 18)) {
      let address = try reader.string(limit: JoinRequest.addressLimit)
      servers.append(Server(address: address, storeID: try Identifier(from: &reader)))
    }
  }

  public func write(to writer: inout MessageWriter) {
    writer.integer(epoch)
    writer.integer(index.map(UInt32.init) ?? .max)
    defaults.write(to: &writer)
    writer.count(servers.count)
    for server in servers {
      writer.string(server.address)
      writer.data(server.storeID.bytes)
    }
  }
}
