import NIOCore
import PS
import Parameters
import Wire

/// A server core with a clock that stands still and a log that is an array.
final class TestServer {
  /// The core; its effects are carried out at once.
  private(set) var core: ServerCore
  /// The time.
  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
  /// The records in the log.
  private(set) var log: [LogRecord] = []
  /// Records that are to be written when ``logs`` is false.
  private(set) var unwritten: [LogRecord] = []
  /// Whether records are written as they come.
  var logs = true
  /// The answers that were not looked at yet.
  private var answers: [ConnectionID: [UInt64: Frame]] = [:]
  /// Why connections were closed.
  private(set) var closed: [ConnectionID: Refusal] = [:]
  /// The bytes of all parts of streamed answers.
  private(set) var partSizes: [Int] = []
  /// When the core wants to be woken; of several wishes the earliest, as a real server does.
  private var wake: Instant?

  let configuration: ServerCore.Configuration
  private var lastConnection: ConnectionID = 0

  init(
    _ configuration: ServerCore.Configuration = .init(), log: [LogRecord] = [], readIn time: Duration = .zero
  ) throws {
    self.configuration = configuration
    core = ServerCore(configuration, now: now)
    for record in log { try core.replay(record) }
    self.log = log
    now = now + time
    // As a driver does.
    core.begin(now: now)
    step(.timer)
  }

  /// The server that was found in a store.
  init(_ core: ServerCore, _ configuration: ServerCore.Configuration) {
    self.core = core
    self.configuration = configuration
  }

  /// A server with a log.
  static func logged(_ durability: Durability = .always) throws -> TestServer {
    var configuration = ServerCore.Configuration()
    configuration.durability = durability
    return try TestServer(configuration)
  }

  /// The server that starts again with what is in this one's log, which takes `time` to be read.
  func restarted(after time: Duration = .zero) throws -> TestServer {
    try TestServer(configuration, log: log, readIn: time)
  }

  /// Tells the core what happens.
  func step(_ event: Event) {
    var effects: [Effect] = []
    core.step(event, now: now, into: &effects)
    for effect in effects {
      switch effect {
      case .reply(let frame, let connection): answers[connection, default: [:]][frame.header.requestID] = frame
      case .stream(let reply, let connection):
        answers[connection, default: [:]][reply.header.requestID] = core.joined(reply)
        var rest = reply
        while let part = core.nextPart(of: &rest) { partSizes.append(part.readableBytes) }
      case .close(let connection, let refusal): closed[connection] = refusal
      case .append(let record): unwritten.append(record)
      case .wake(let time): wake = min(wake ?? time, time)
      }
    }
    if logs, !unwritten.isEmpty { write() }
  }

  /// Writes what is to be written, and syncs it.
  func write(isDurable: Bool = true) {
    log += unwritten
    unwritten = []
    let last = log.last?.lsn ?? 0
    step(.logged(upTo: last, durable: isDurable ? last : 0))
  }

  /// Begins a snapshot and gives its last record.
  func beginSnapshot() -> UInt64? { core.beginSnapshot() }

  /// The next chunk of the snapshot.
  func nextSnapshotChunk() -> ByteBuffer? { core.nextSnapshotChunk() }

  /// Ends the snapshot.
  func endSnapshot() { core.endSnapshot() }

  /// Says that the log takes no records.
  func fail(_ failure: LogFailure) {
    unwritten = []
    step(.logFailed(failure))
  }

  /// Lets time pass, and wakes the core if it wants to be.
  func pass(_ duration: Duration) {
    let end = now + duration
    while let next = wake, next <= end {
      now = max(now, next)
      wake = nil
      step(.timer)
    }
    now = end
  }

  /// A connection of `peer`.
  func connect(_ peer: Peer) -> ConnectionID {
    lastConnection += 1
    step(.connected(lastConnection, peer))
    return lastConnection
  }

  /// The answer to a request, once.
  func answer(to request: UInt64, on connection: ConnectionID) -> Frame? {
    answers[connection]?.removeValue(forKey: request)
  }

  /// Weights, slots and scalars of a model as they are stored, in the order of the schema.
  func contents(of schema: ModelSchema, model: UInt32) throws -> [[UInt32]] {
    let client = TestClient(self, id: 0xFFFF, role: .admin)
    return try schema.storedRanges.map { part, place in
      try client.getValues(model: model, [(part, place)])[0].map(\.bitPattern)
    }
  }

  /// A figure of the statistics.
  func figure(_ name: String) throws -> Double? {
    let client = TestClient(self, id: 0xFFFE, role: .reader)
    let frame = try client.answer(to: client.send(.stats, ByteBuffer()))
    return try FiguresReply(reading: frame.payload).figures.first { $0.name == name }?.value
  }
}

/// Where stored values lie.
enum TestPlace {
  case elements(tensor: Int, Range<Int>)
  case rows(tensor: Int, [Int64])
}

extension ModelSchema {
  /// Everything that is stored of the model.
  var storedRanges: [(part: UInt32, place: TestPlace)] {
    var ranges: [(part: UInt32, place: TestPlace)] = []
    for (number, spec) in parameters.enumerated() {
      let rule = spec.optimizer.rule.base
      let place: TestPlace =
        spec.kind == .dense
        ? .elements(tensor: number, 0..<spec.count) : .rows(tensor: number, (0..<Int64(spec.rowCount)).map { $0 })
      ranges.append((0, place))
      for slot in rule.slots.indices { ranges.append((1 + UInt32(slot), place)) }
      for scalar in rule.scalars.indices {
        ranges.append((256 + UInt32(scalar), spec.kind == .dense ? .elements(tensor: number, 0..<1) : place))
      }
    }
    return ranges
  }
}
