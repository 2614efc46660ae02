import Wire

/// What became of a mutation, to be said again when it is repeated.
struct MutationResult: Sendable {
  enum Outcome: Sendable {
    /// It was applied, which made this version; or ignored, as a part of its stream that had been applied before.
    case applied(version: UInt64, isIgnored: Bool)
    /// The model that it registered.
    case registered(model: UInt32, isCreated: Bool, expectsValues: Bool, schemaHash: UInt64)
    /// It was refused.
    case refused(Refusal)
  }

  /// The type of its message.
  var type: MessageType
  /// What became of it.
  var outcome: Outcome
}

/// The sessions of clients: which mutation of each came last, and what became of the latest ones.
struct SessionTable: Sendable {
  /// How many results of a session are kept: as many as it may have requests in flight.
  static let resultCount = 32
  /// How many clients whose sessions were evicted are remembered.
  static let evictedCount = 1 << 16

  struct Session: Sendable {
    let client: Identifier
    /// The number of the last mutation.
    var lastSequence: UInt64 = 0
    /// The record of the last mutation.
    var lastLSN: UInt64
    /// The result of mutation `n` is at `n` modulo ``SessionTable/resultCount``.
    private var results: [MutationResult] = []

    init(client: Identifier, lsn: UInt64) {
      self.client = client
      lastLSN = lsn
    }

    /// The result of a mutation that is among the last ones.
    func result(of sequence: UInt64) -> MutationResult { results[Int(sequence % UInt64(SessionTable.resultCount))] }

    /// Notes the result of the next mutation.
    mutating func record(_ result: MutationResult, lsn: UInt64) {
      lastSequence += 1
      lastLSN = lsn
      let index = Int(lastSequence % UInt64(SessionTable.resultCount))
      // The first one has the number 1.
      if results.isEmpty { results.append(result) }
      if index < results.count { results[index] = result } else { results.append(result) }
    }
  }

  /// What a mutation is to a session.
  enum Standing {
    /// The first of a session that does not exist yet.
    case first
    /// The next one of the session in a slot.
    case next(slot: Int)
    /// One that the session in a slot had before.
    case repeated(slot: Int)
  }

  private(set) var slots: [Session?] = []
  private var slotOfClient: [Identifier: Int] = [:]
  private var evicted: Set<Identifier> = []
  /// The same in the order of eviction, the oldest at ``oldestEvicted`` once there are as many as are remembered.
  private var evictedInOrder: [Identifier] = []
  private var oldestEvicted = 0

  /// The slot of a client's session.
  func slot(of client: Identifier) -> Int? { slotOfClient[client] }

  /// What the mutation `sequence` of `client` is.
  ///
  /// - Throws: 300 for the number 0, 400 for one that is too high, 401 for one whose result is not kept any more, 402 for
  ///   a client that has no session, 403 for one that had one. The detail is the number of the next mutation.
  func standing(of client: Identifier, sequence: UInt64) throws(Refusal) -> Standing {
    guard sequence > 0 else { throw Refusal(.malformed, "a mutation with the number 0; the first one is 1") }
    guard let slot = slotOfClient[client], let session = slots[slot] else {
      guard !evicted.contains(client) else {
        throw Refusal(
          .sessionEvicted, "this client's session was evicted; what became of its last mutations is unknown")
      }
      guard sequence == 1 else {
        throw Refusal(
          .sessionUnknown, detail: 1,
          "mutation \(sequence) of an unknown session; what became of earlier ones is unknown")
      }
      return .first
    }
    let last = session.lastSequence
    if sequence == last + 1 { return .next(slot: slot) }
    if sequence > last {
      throw Refusal(.sequenceGap, detail: last + 1, "mutation \(sequence) came before \(last + 1); send that first")
    }
    guard last - sequence < Self.resultCount else {
      throw Refusal(.sequenceTooOld, detail: last + 1, "mutation \(sequence) is long done; \(last + 1) is the next one")
    }
    return .repeated(slot: slot)
  }

  /// Begins a session of `client` in `slot`, and ends the one that is there.
  mutating func open(_ client: Identifier, in slot: Int, lsn: UInt64) {
    while slots.count <= slot { slots.append(nil) }
    if let old = slots[slot] {
      slotOfClient[old.client] = nil
      remember(evicted: old.client)
    }
    slots[slot] = Session(client: client, lsn: lsn)
    slotOfClient[client] = slot
  }

  /// Notes the result of the next mutation of the session in `slot`.
  mutating func record(_ result: MutationResult, slot: Int, lsn: UInt64) { slots[slot]?.record(result, lsn: lsn) }

  private mutating func remember(evicted client: Identifier) {
    if evictedInOrder.count < Self.evictedCount {
      evictedInOrder.append(client)
    } else {
      evicted.remove(evictedInOrder[oldestEvicted])
      evictedInOrder[oldestEvicted] = client
      oldestEvicted = (oldestEvicted + 1) % Self.evictedCount
    }
    evicted.insert(client)
  }
}
