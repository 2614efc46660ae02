import Wire

/// How many clocks each worker of a model has completed.
struct WorkerClocks: Sendable {
  /// The clocks that each rank has completed.
  private(set) var completed: [UInt32]
  /// The client that has each rank, or had it last; nil for a rank that never joined.
  private(set) var members: [Identifier?]
  /// Under BSP the clock whose gradients are applied next.
  private(set) var open: UInt32 = 0

  private var rankOfClient: [Identifier: Int] = [:]

  /// The clocks of `workers` ranks that have not joined.
  init(workers: Int) {
    completed = [UInt32](repeating: 0, count: workers)
    members = [Identifier?](repeating: nil, count: workers)
  }

  /// Whether every rank has joined, so that the first clock runs.
  var allJoined: Bool { rankOfClient.count == members.count }

  /// The rank that `client` has.
  func rank(of client: Identifier) -> Int? { rankOfClient[client] }

  /// Gives `rank` to `client`; whoever had it loses it.
  mutating func join(_ client: Identifier, rank: Int) {
    if let old = rankOfClient[client] { members[old] = nil }
    if let old = members[rank] { rankOfClient[old] = nil }
    members[rank] = client
    rankOfClient[client] = rank
  }

  /// Notes that `rank`, which had completed `clock` clocks, has completed one more.
  mutating func complete(_ clock: UInt32, rank: Int) { completed[rank] = max(completed[rank], Self.next(clock)) }

  /// The clock after `clock`; the last one is its own, as who does not keep in step may name any.
  static func next(_ clock: UInt32) -> UInt32 { clock < .max ? clock + 1 : clock }

  /// Notes that the gradients of the open clock are applied.
  mutating func close() { open += 1 }

  /// Whether all workers that are alive have completed the open clock, and at least one has.
  func canClose(isAlive: (Identifier) -> Bool) -> Bool {
    guard allJoined, completed.contains(where: { $0 > open }) else { return false }
    return zip(completed, members).allSatisfy { completed, member in
      completed > open || member.map { !isAlive($0) } ?? true
    }
  }

  /// The clocks that the slowest worker alive has completed; nil if none is alive.
  func slowest(isAlive: (Identifier) -> Bool) -> UInt32? {
    zip(completed, members).filter { _, member in member.map(isAlive) ?? false }.map(\.0).min()
  }
}

extension WorkerClocks {
  /// Appends the clocks, for a snapshot: u32 open, list of {u32 completed, u8 joined, 16 bytes client}.
  func write(to writer: inout MessageWriter) {
    writer.integer(open)
    writer.count(members.count)
    for (completed, member) in zip(completed, members) {
      writer.integer(completed)
      writer.flag(member != nil)
      if let member { writer.data(member.bytes) }
    }
  }

  /// Reads clocks.
  init(from reader: inout MessageReader) throws(Refusal) {
    let open = try reader.integer(UInt32.self)
    self.init(workers: try reader.count(limit: ModelSchema.workerLimit, elementBytes: 5))
    self.open = open
    for rank in completed.indices {
      completed[rank] = try reader.integer()
      if try reader.flag() { join(try Identifier(from: &reader), rank: rank) }
    }
  }
}

/// Gradients that wait for the end of their clock.
struct ClockGradients: Sendable {
  private var clocks: [UInt32: [Int: [[PushBlock]]]] = [:]

  /// How often a worker may push within a clock.
  static let pushLimit = 64

  /// All of them, by clock, rank and order of arrival.
  var all: [(clock: UInt32, rank: Int, blocks: [PushBlock])] {
    clocks.sorted { $0.key < $1.key }.flatMap { clock, ranks in
      ranks.sorted { $0.key < $1.key }.flatMap { rank, pushes in pushes.map { (clock, rank, $0) } }
    }
  }

  /// The pushes.
  var count: Int { clocks.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } } }

  /// How often `rank` has pushed in `clock`.
  func count(rank: Int, clock: UInt32) -> Int { clocks[clock]?[rank]?.count ?? 0 }

  /// Keeps the gradients of a push.
  mutating func add(_ blocks: [PushBlock], rank: Int, clock: UInt32) {
    clocks[clock, default: [:]][rank, default: []].append(blocks)
  }

  /// Gives the pushes of `clock` away, by rank and then in the order in which they came.
  mutating func take(_ clock: UInt32) -> [[PushBlock]] {
    let ranks = clocks.removeValue(forKey: clock) ?? [:]
    return ranks.sorted { $0.key < $1.key }.flatMap(\.value)
  }
}
