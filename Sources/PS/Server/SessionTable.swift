import NIOCore
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

extension SessionTable {
  /// The most sessions and results that are read.
  private static let slotLimit = 1 << 20

  /// Appends the sessions, for a snapshot.
  ///
  ///     list of slots: u8 taken, then 16 bytes client, u64 last sequence, u64 last LSN, list of results
  ///     list of clients whose sessions were evicted, the oldest first
  func write(to writer: inout MessageWriter) {
    writer.count(slots.count)
    for session in slots {
      writer.flag(session != nil)
      session?.write(to: &writer)
    }
    writer.count(evictedInOrder.count)
    for index in evictedInOrder.indices {
      writer.data(evictedInOrder[(oldestEvicted + index) % evictedInOrder.count].bytes)
    }
  }

  /// Reads sessions.
  init(from reader: inout MessageReader) throws(Refusal) {
    for slot in 0..<(try reader.count(limit: Self.slotLimit, elementBytes: 1)) {
      let session = try reader.flag() ? try Session(from: &reader) : nil
      slots.append(session)
      if let session, slotOfClient.updateValue(slot, forKey: session.client) != nil {
        throw Refusal(.malformed, "two sessions of a client")
      }
    }
    for _ in 0..<(try reader.count(limit: Self.evictedCount, elementBytes: 16)) {
      remember(evicted: try Identifier(from: &reader))
    }
  }
}

extension SessionTable.Session {
  func write(to writer: inout MessageWriter) {
    writer.data(client.bytes)
    writer.integer(lastSequence)
    writer.integer(lastLSN)
    writer.count(results.count)
    for result in results { result.write(to: &writer) }
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    client = try Identifier(from: &reader)
    lastSequence = try reader.integer()
    lastLSN = try reader.integer()
    for _ in 0..<(try reader.count(limit: SessionTable.resultCount, elementBytes: 2)) {
      results.append(try MutationResult(from: &reader))
    }
    let expected = lastSequence == 0 ? 0 : min(lastSequence, UInt64(SessionTable.resultCount) - 1) + 1
    guard results.count == expected else {
      throw Refusal(.malformed, "\(results.count) results of \(lastSequence) mutations")
    }
  }
}

extension MutationResult {
  /// Appends the result.
  ///
  ///     u8 type, u8 outcome, then  0: u64 version, u8 ignored
  ///                                1: u32 model, u8 created, u8 expects values, u64 schema hash
  ///                                2: u32 bytes, a ``Refusal``
  func write(to writer: inout MessageWriter) {
    writer.integer(type.rawValue)
    switch outcome {
    case .applied(let version, let isIgnored):
      writer.integer(UInt8(0))
      writer.integer(version)
      writer.flag(isIgnored)
    case .registered(let model, let isCreated, let expectsValues, let schemaHash):
      writer.integer(UInt8(1))
      writer.integer(model)
      writer.flag(isCreated)
      writer.flag(expectsValues)
      writer.integer(schemaHash)
    case .refused(let refusal):
      writer.integer(UInt8(2))
      let payload = refusal.frame(answering: type, requestID: 0).payload
      writer.count(payload.readableBytes)
      writer.data(payload.readableBytesView)
    }
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    type = MessageType(rawValue: try reader.integer())
    switch try reader.integer(UInt8.self) {
    case 0: outcome = .applied(version: try reader.integer(), isIgnored: try reader.flag())
    case 1:
      outcome = .registered(
        model: try reader.integer(), isCreated: try reader.flag(), expectsValues: try reader.flag(),
        schemaHash: try reader.integer())
    case 2:
      let count = try reader.count(limit: 1 << 16, elementBytes: 1)
      outcome = .refused(try Refusal(reading: ByteBuffer(bytes: try reader.data(count: count))))
    case let number: throw Refusal(.malformed, "a result of the kind \(number)")
    }
  }
}
