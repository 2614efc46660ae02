public import NIOCore
public import Parameters
public import Wire

/// New values of hyper-parameters of one tensor's optimizer; its rule stays.
///
///     mutation, u32 tensor, list of {u8 hyper-parameter, f32 value}
public struct SetHyperparametersRequest: Sendable {
  /// The tensor's number.
  public var tensor: Int
  /// The new values.
  public var values: [(hyperparameter: Hyperparameter, value: Float)]

  /// Changes hyper-parameters of the tensor number `tensor`.
  public init(tensor: Int, values: [(hyperparameter: Hyperparameter, value: Float)]) {
    self.tensor = tensor
    self.values = values
  }

  /// Reads what follows the mutation.
  public init(from reader: inout MessageReader) throws(Refusal) {
    tensor = Int(try reader.integer(UInt32.self))
    values = try reader.hyperparameters()
    try reader.finish()
  }

  /// Appends what follows the mutation.
  public func write(to writer: inout MessageWriter) {
    writer.integer(UInt32(tensor))
    writer.count(values.count)
    for (hyperparameter, value) in values {
      writer.integer(hyperparameter.rawValue)
      writer.float(value)
    }
  }
}

/// How far the streams of a model are applied: a list of {u64 source, u64 end offset}.
public struct OffsetsReply: Hashable, Sendable {
  /// The end of what was applied, by stream.
  public var offsets: [UInt64: UInt64]

  /// An answer.
  public init(offsets: [UInt64: UInt64]) { self.offsets = offsets }

  /// The most streams of a model.
  public static let limit = 1 << 16

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    offsets = [:]
    for _ in 0..<(try reader.count(limit: Self.limit, elementBytes: 16)) {
      offsets[try reader.integer()] = try reader.integer(UInt64.self)
    }
    try reader.finish()
  }

  /// The payload, by ascending source.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 4 + 16 * offsets.count)
    writer.count(offsets.count)
    for (source, offset) in offsets.sorted(by: { $0.key < $1.key }) {
      writer.integer(source)
      writer.integer(offset)
    }
    return writer.payload
  }
}

/// Figures of a server: a list of {string name, f64 value}.
public struct StatsReply: Sendable {
  /// The figures in order.
  public var figures: [(name: String, value: Double)]

  /// An answer.
  public init(figures: [(name: String, value: Double)]) { self.figures = figures }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    figures = []
    for _ in 0..<(try reader.count(limit: 1 << 16, elementBytes: 10)) {
      figures.append((try reader.string(limit: 512), try reader.double()))
    }
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.count(figures.count)
    for (name, value) in figures {
      writer.string(name)
      writer.double(value)
    }
    return writer.payload
  }
}

/// Asks a scheduler to enter or leave a cluster.
///
///     u8 role, 3 × 0, u32 index (2^32 - 1: any), string address, 16 bytes store or client id
public struct JoinRequest: Hashable, Sendable {
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

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    guard let role = Role(rawValue: try reader.integer()), role == .server || role == .worker else {
      throw Refusal(.malformed, "only servers and workers join")
    }
    self.role = role
    try reader.zeros(3)
    let index = try reader.integer(UInt32.self)
    self.index = index == .max ? nil : Int(index)
    address = try reader.string(limit: Self.addressLimit)
    member = try Identifier(from: &reader)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.integer(role.rawValue)
    writer.zeros(3)
    writer.integer(index.map(UInt32.init) ?? .max)
    writer.string(address)
    writer.data(member.bytes)
    return writer.payload
  }
}

/// Which server has which shard.
///
///     u32 epoch, u32 index of who joined (2^32 - 1: nobody did), u32 workers, list of {string address, 16 bytes store id}
///
/// The list is in the order of shards; an address is empty while the shard's server has not joined.
public struct ShardMapReply: Hashable, Sendable {
  /// Grows with each change.
  public var epoch: UInt32
  /// The shard or rank given to who joined.
  public var index: Int?
  /// How many workers the cluster is for.
  public var workers: Int
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
  public init(epoch: UInt32, index: Int? = nil, workers: Int, servers: [Server]) {
    self.epoch = epoch
    self.index = index
    self.workers = workers
    self.servers = servers
  }

  /// Whether every shard has a server.
  public var isComplete: Bool { !servers.isEmpty && servers.allSatisfy { !$0.address.isEmpty } }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    epoch = try reader.integer()
    let index = try reader.integer(UInt32.self)
    self.index = index == .max ? nil : Int(index)
    workers = Int(try reader.integer(UInt32.self))
    servers = []
    for _ in 0..<(try reader.count(limit: ShardMap.slotCount, elementBytes: 18)) {
      let address = try reader.string(limit: JoinRequest.addressLimit)
      servers.append(Server(address: address, storeID: try Identifier(from: &reader)))
    }
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.integer(epoch)
    writer.integer(index.map(UInt32.init) ?? .max)
    writer.integer(UInt32(workers))
    writer.count(servers.count)
    for server in servers {
      writer.string(server.address)
      writer.data(server.storeID.bytes)
    }
    return writer.payload
  }
}
