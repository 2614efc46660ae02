import Kernels
import NIOCore
import PS
import Parameters
import TestSupport
import Testing
import Wire

/// Stores that nobody wrote like that; `make soak` takes fifty times as many.
@Suite struct `A hostile store` {
  private static let count = Soak.volume(10_000, soak: 500_000)

  /// How reading ended.
  private enum Ending: Hashable, Sendable {
    case whole, prefix, refused
  }

  private static let configuration = {
    var configuration = ServerCore.Configuration()
    configuration.durability = .always
    configuration.memoryLimit = 64 << 20
    return configuration
  }()

  /// The records of servers that were asked for everything.
  private static func histories() throws -> [[LogRecord]] {
    try [Consistency.asynchronous, .synchronous].map { consistency in
      let server = try TestServer.logged()
      let schema = TestModels.small(consistency, workers: consistency == .synchronous ? 2 : 1)
      let clients = (0..<UInt64(schema.workers)).map { TestClient(server, id: $0 + 1, role: .admin) }
      for (rank, client) in clients.enumerated() { try client.register(schema, rank: rank) }
      var random = SplitMix64(seed: 1)
      for client in clients {
        _ = client.sendPush(schema.randomPush(&random), source: TestSource(source: 7, offsets: 0..<2), flags: .clock)
        _ = client.sendPush([.rows(tensors: [2], keys: [1, 5], [[1, 2, 3, 4, 5, 6, 7, 8]])])
      }
      try clients[0].setHyperparameters(SetHyperparametersRequest(tensor: 0, values: [(.rate, 0.5)]))
      try clients[0].putValues([(0, .elements(tensor: 0, 0..<6), [1, 2, 3, 4, 5, 6])], isLast: true)
      _ = try clients[0].answer(to: clients[0].send(.dropModel, clients[0].nextMutation().payload))
      return server.log
    }
  }

  /// Changes a record behind right checksums.
  private static func change(_ record: inout LogRecord, _ random: inout SplitMix64) {
    var payload = record.payload
    let length = payload.readableBytes
    switch UInt8.random(in: 0..<12, using: &random) {
    case 0: record.kind = LogRecord.Kind.allCases.randomElement(using: &random)!
    case 1: record.flags = LogRecord.Flags(rawValue: UInt8.random(in: 0..<16, using: &random))
    case 2: record.type = MessageType(rawValue: .random(in: 0...0x45, using: &random))
    case 3: record.model = [0, 1, 2, .max].randomElement(using: &random)!
    case 4: record.session = [0, 1, 2, .max].randomElement(using: &random)!
    case 5: record.sequence = [0, record.sequence &+ 1, .max].randomElement(using: &random)!
    case 6: payload = payload.getSlice(at: payload.readerIndex, length: .random(in: 0...length, using: &random))!
    case 7:
      payload.writeRepeatingByte(UInt8.random(in: 0...1, using: &random), count: .random(in: 1...64, using: &random))
    default:
      guard length > 0 else { return }
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = payload.readerIndex + Int.random(in: 0..<length, using: &random)
        payload.setInteger([0, 1, 2, 0x7F, 0x80, 0xFF].randomElement(using: &random)! as UInt8, at: place)
      }
    }
    record = LogRecord(
      lsn: record.lsn, kind: record.kind, flags: record.flags, type: record.type, model: record.model,
      session: record.session, sequence: record.sequence, payload: payload)
  }

  /// Changes bytes: one, a sector, or the end.
  private static func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let place = Int.random(in: bytes.indices, using: &random)
    let end = min(bytes.count, place + 512)
    switch UInt8.random(in: 0..<4, using: &random) {
    case 0: for index in place..<end { bytes[index] = 0 }
    case 1: bytes.removeSubrange(place...)
    case 2: bytes.replaceSubrange(place..<end, with: bytes[..<(end - place)])
    default: bytes[place] = UInt8.random(in: 0...255, using: &random)
    }
  }

  private static func open(_ folder: MemoryFolder) throws(StoreFolderError) -> Store {
    try Store.open(
      folder, configuration, now: Instant(), newID: Identifier(bytes: [UInt8](repeating: 1, count: 16)),
      segmentByteCount: 2048, time: { 0 })
  }

  /// What becomes of the store number `seed`.
  private static func read(_ seed: UInt64, _ histories: [[LogRecord]]) throws -> Ending {
    var random = SplitMix64(seed: seed)
    var records = histories.randomElement(using: &random)!
    let hasRightChecksums = Bool.random(using: &random)
    if hasRightChecksums {
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        change(&records[Int.random(in: records.indices, using: &random)], &random)
      }
    }
    var folder = MemoryFolder()
    let log = try open(folder).log
    for record in records {
      try log.append(record)
      // Without a sync the last segment has no name of its own.
      if Bool.random(using: &random) { try log.sync() }
    }
    folder = folder.afterKill
    if !hasRightChecksums {
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let name = (folder.segments + [folder.begunSegment]).randomElement(using: &random)!
        if !folder[name].isEmpty { change(&folder[name], &random) }
      }
    }
    let store: Store
    do throws(StoreFolderError) { store = try open(folder) } catch {
      switch error {
      case .damaged, .unusable: return .refused
      default: throw error
      }
    }
    return store.finding.lastLSN == UInt64(records.count) ? .whole : .prefix
  }

  @Test(.timeLimit(.minutes(60))) func `is read up to a record, or refused, and never crashes`() async throws {
    let histories = try Self.histories()
    let endings = try await withThrowingTaskGroup(of: [Ending: Int].self) { group in
      for half in 0..<2 {
        group.addTask {
          var endings: [Ending: Int] = [:]
          for seed in stride(from: half, to: Self.count, by: 2) {
            endings[try Self.read(UInt64(seed), histories), default: 0] += 1
          }
          return endings
        }
      }
      return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
    print("\(Self.count) stores, seeds 0..<\(Self.count): \(endings)")
    for ending in [Ending.whole, .prefix, .refused] { #expect(endings[ending, default: 0] > Self.count / 100) }
  }
}
