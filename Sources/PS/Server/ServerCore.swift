import Kernels
public import Wire

/// A parameter server without its sockets, disk and clock: it is told what happens and says what to do.
///
/// A mutation is checked against everything accepted before it and becomes a record. When the record is in the log, or
/// at once if there is none, it is applied and answered, so nobody sees what a crash can lose. The same events at the
/// same times have the same effects, and ``replay(_:)`` of the records that were appended gives the same state.
///
/// One owner, one thread. A copy shares the tables' memory with its original and must not be used beside it.
///
///     let effects = core.step(.request(frame, from: 7), now: clock.now, into: &effects)
public struct ServerCore: Sendable {
  /// How a server is set up.
  public struct Configuration: Sendable {
    /// Which shard of how many it is.
    public var shard = 0
    /// The number of shards.
    public var shards = 1
    /// Another number each time the server starts.
    public var bootID: UInt64 = 0
    /// The shard map's epoch, or 0 if frames are not routed by one.
    public var epoch: UInt32 = 0
    /// When a change is acknowledged.
    public var durability = Durability.none
    /// The most sessions.
    public var sessionLimit = 4096
    /// How long a session without a connection is kept for certain.
    public var sessionLifetime = Duration.seconds(24 * 3600)
    /// How long after its connection died a worker is waited for.
    public var workerTimeout = Duration.seconds(10)
    /// How long the client that brings a model's values may pause.
    public var leaseTime = Duration.seconds(30)
    /// The most models.
    public var modelLimit = 4096
    /// The most bytes of the values and optimizer states of all models. Rows that were accepted before are kept whatever it
    /// is now; a log or a snapshot with models for which it is too small cannot be used.
    public var memoryLimit = Int.max
    /// The largest payload of an answer, whatever a client accepts.
    public var payloadLimit = Limits.payloadCap

    /// The only shard of a server without a log.
    public init() {}
  }

  struct Connection: Sendable {
    let peer: Peer
    /// The version of each model that it was last given values of.
    var versionsRead: [UInt32: UInt64] = [:]
  }

  /// Where an answer goes.
  struct Target: Sendable {
    let connection: ConnectionID
    let type: MessageType
    let requestID: UInt64
  }

  /// An entry that is accepted and not applied yet, and who waits for it.
  struct Pending: Sendable {
    let entry: LogEntry
    /// What its clients want to read afterwards.
    let pull: PushRequest.Pull?
    var targets: [Target]
  }

  /// Whether mutations can be logged.
  enum LogState: Sendable {
    case working
    case failed(LogFailure)
  }

  let configuration: Configuration
  let map: ShardMap
  /// What the next request is checked against.
  var accepted = Ledger()
  /// What is applied to ``stores``.
  var applied = Ledger()
  /// The values of the models of ``applied``.
  var stores: [UInt32: ModelStore] = [:]
  /// The entries between ``applied`` and ``accepted``, in order.
  var pending: [Pending] = []
  /// Answers that wait for their records to be on disk.
  var held: [(lsn: UInt64, frame: Frame, connection: ConnectionID)] = []
  var logState = LogState.working
  var durableLSN: UInt64 = 0

  var connections: [ConnectionID: Connection] = [:]
  /// The connection that each client has now.
  var connectionOfClient: [Identifier: ConnectionID] = [:]
  /// The clients that have none.
  var departed = DepartedClients()

  /// The snapshot that is being written.
  var snapshot: SnapshotProgress?

  /// Bytes that rows to come may surely take; more than that may be left.
  var memoryForRows = 0

  var statistics = ServerStatistics()
  /// What whoever keeps the log adds to the statistics.
  var storeFigures: [(name: String, value: Double)] = []
  /// Memory for the places of a block's keys.
  let placeMemory = AlignedMemory(byteCount: BlockLimits.keys * 8, hugePages: false)

  /// The time and the effects of the step that runs.
  var now: Instant
  var effects: [Effect] = []
  /// When it began to serve: clients that were never seen since count as seen then.
  private(set) var start: Instant

  /// A server without models.
  public init(_ configuration: Configuration = Configuration(), now: Instant) {
    precondition((0..<configuration.shards).contains(configuration.shard), "shard \(configuration.shard)")
    self.configuration = configuration
    map = ShardMap(shards: configuration.shards)
    self.now = now
    start = now
  }

  /// Begins to serve at `now`. To read a log and a snapshot before may have taken longer than anybody is waited for, and
  /// what was done then counts for no statistics.
  public mutating func begin(now: Instant) {
    self.now = now
    start = now
    statistics = ServerStatistics()
    for model in stores.keys.sorted() { stores[model]?.leaseEnd = now + configuration.leaseTime }
  }

  /// Where a client's session stands: its last applied mutation, and a number of the session; both 0 if it has none.
  public func session(of client: Identifier) -> (lastAppliedSequence: UInt64, number: UInt64) {
    guard let slot = applied.sessions.slot(of: client), let session = applied.sessions.slots[slot] else {
      return (0, 0)
    }
    return (session.lastSequence, UInt64(slot) + 1)
  }

  /// Takes note of `event` and appends what is to be done to `effects`.
  public mutating func step(_ event: Event, now: Instant, into effects: inout [Effect]) {
    self.now = now
    swap(&self.effects, &effects)
    defer { swap(&self.effects, &effects) }
    switch event {
    case .connected(let connection, let peer): connect(connection, peer)
    case .disconnected(let connection): disconnect(connection)
    case .request(let frame, let connection): receive(frame, on: connection)
    case .logged(let last, let durable): commit(upTo: last, durable: durable)
    case .logFailed(let failure): rollBack(failure)
    case .logAvailable: goOn()
    case .timer: passTime()
    case .measured(let type, let duration): statistics.measure(type, duration)
    }
  }

  /// Memory for as many numbers as a block may have keys.
  var places: MemoryView<Int64> { placeMemory.view(of: Int64.self, count: BlockLimits.keys) }
}

/// The values of a model, and who waits for them.
struct ModelStore: Sendable {
  /// The tensors.
  var tensors: ModelTensors
  /// Gradients of clocks that are still open.
  var gradients = ClockGradients()
  /// Reads that wait for slower workers.
  var waiting: [WaitingRead] = []
  /// The clock of the slowest worker, as it was last said; never less than before.
  var slowestClock: UInt32 = 0
  /// When the client that brings the values is not waited for any longer.
  var leaseEnd: Instant
}
