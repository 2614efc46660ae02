import NIOCore
import PS
import Wire

/// What a server owes to its clients: every mutation that it acknowledged.
struct Debts {
  private struct Debt {
    let client: Identifier
    let sequence: UInt64
    let time: Instant
    /// Whether it has to be on the disk, whatever the policy.
    let isDurable: Bool
  }

  private var debts: [Debt] = []
  /// What servers that were started again still knew of each client: they have it on the disk.
  private var known: [Identifier: UInt64] = [:]
  /// Whether acknowledged mutations were lost, as the policy allows.
  private(set) var hasLosses = false
  /// When the process ended that has not been followed by another one yet: nobody has synced since.
  private var end: Instant?

  /// How much of what was acknowledged a power cut may take when the disk is synced every second.
  private static let allowance = Duration.seconds(2)

  /// The server acknowledged a mutation.
  mutating func acknowledged(_ client: Identifier, _ sequence: UInt64, isDurable: Bool, at time: Instant) {
    debts.append(Debt(client: client, sequence: sequence, time: time, isDurable: isDurable))
  }

  /// The server's process ended.
  mutating func processEnded(_ now: Instant) { end = end ?? now }

  /// The power went: what need not have been on the disk is not owed any more.
  mutating func powerFailed(_ durability: Durability) {
    guard durability == .everySecond, let end else { return }
    let count = debts.count
    debts.removeAll { !$0.isDurable && end - $0.time < Self.allowance }
    if debts.count < count { hasLosses = true }
  }

  /// What a server that was started again does not know any more, though it should.
  mutating func settle(_ lastSequence: (Identifier) -> UInt64) -> [String] {
    for debt in debts { known[debt.client] = max(known[debt.client] ?? 0, debt.sequence) }
    debts = []
    end = nil
    let problems = known.filter { $0.value > lastSequence($0.key) }.map { client, sequence in
      "mutation \(sequence) of \(client), which was acknowledged, is lost; the last one is \(lastSequence(client))"
    }
    // A client whose mutations were lost counts on from what is there.
    for client in known.keys { known[client] = lastSequence(client) }
    return problems.sorted()
  }
}

/// Which clients of a server are there, as far as clocks are concerned.
struct Presence {
  private var connected: Set<Identifier> = []
  private var gone: [Identifier: Instant] = [:]
  /// Those who were gone for so long that nobody waits for them until they push again.
  private var dropped: Set<Identifier> = []

  private static let patience = Duration.seconds(10)

  /// The server has started again: nobody is connected.
  mutating func start(_ now: Instant) {
    for client in connected.union(gone.keys) {
      if let time = gone[client], now - time >= Self.patience { dropped.insert(client) }
      gone[client] = now
    }
    connected = []
  }

  mutating func connected(_ client: Identifier, _ now: Instant) {
    if !isWaitedFor(client, now) { dropped.insert(client) }
    gone[client] = nil
    connected.insert(client)
  }

  mutating func disconnected(_ client: Identifier, _ now: Instant) {
    connected.remove(client)
    gone[client] = now
  }

  /// The client's push or clock was accepted.
  mutating func counted(_ client: Identifier) { dropped.remove(client) }

  /// Whether others have to wait for `client`.
  func isWaitedFor(_ client: Identifier, _ now: Instant) -> Bool {
    guard !dropped.contains(client) else { return false }
    return gone[client].map { now - $0 < Self.patience } ?? true
  }
}

/// Everything that a store holds, to be compared.
struct StoreContents: Equatable {
  private var ledger: [UInt8] = []
  private var values: [[UInt32]] = []

  init(of store: Store, _ configuration: ServerCore.Configuration, _ schema: ModelSchema) {
    let server = TestServer(store.core, configuration)
    guard server.beginSnapshot() != nil, let chunk = server.nextSnapshotChunk() else { return }
    ledger = Array(chunk.readableBytesView)
    server.endSnapshot()
    values = (try? server.contents(of: schema, model: 1)) ?? []
  }
}
