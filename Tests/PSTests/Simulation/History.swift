import PS
import Wire

/// What workers saw, to be judged at the end.
struct History {
  private struct Addition {
    let sum: Float
    let time: Range<Instant>
  }

  private enum Extra {
    case unknown, acknowledged, refused
  }

  private var additions: [Addition] = []
  private var extras: [Extra] = []

  /// A batch was counted, and the count was `sum` then.
  mutating func added(_ sum: Float, _ time: Range<Instant>) { additions.append(Addition(sum: sum, time: time)) }

  /// A row that nobody has pushed to; nil if there are no more.
  mutating func nextExtra() -> Int64? {
    guard extras.count < Workload.extraCount else { return nil }
    extras.append(.unknown)
    return Int64(extras.count - 1)
  }

  mutating func acknowledged(extra row: Int64) { extras[Int(row)] = .acknowledged }

  mutating func refused(extra row: Int64) { extras[Int(row)] = .refused }

  /// What is wrong with the order in which batches were counted: each count is given once, and whoever asked after
  /// another one was answered has a higher one.
  var disorder: [String] {
    var problems: [String] = []
    var latest: (begin: Instant, sum: Float)?
    for addition in additions.sorted(by: { $0.sum < $1.sum }) {
      if let latest {
        if addition.sum == latest.sum { problems.append("the count \(addition.sum) was given twice") }
        if addition.time.upperBound < latest.begin {
          problems.append("the count \(addition.sum) was given before \(latest.sum) was asked for")
        }
      }
      if addition.time.lowerBound >= latest?.begin ?? addition.time.lowerBound {
        latest = (addition.time.lowerBound, addition.sum)
      } else {
        latest?.sum = addition.sum
      }
    }
    return problems
  }

  /// What is wrong with the rows that extra pushes belong to.
  func problems(ofExtras values: [Float], among rows: Set<Int64>, hasLosses: Bool) -> [String] {
    values.enumerated().compactMap { row, value in
      guard rows.contains(Int64(row)) else { return nil }
      let allowed: [Float] =
        switch row < extras.count ? extras[row] : .refused {
        case .acknowledged: hasLosses ? [0, 1] : [1]
        case .unknown: [0, 1]
        case .refused: [0]
        }
      return allowed.contains(value) ? nil : "the row \(row) of 'extra' is \(value), expected \(allowed)"
    }
  }
}

/// How many clocks the workers of each rank have completed at most: what they told servers.
struct RankClocks {
  private var holders: [Int: Identifier] = [:]
  /// Ranks that two processes took for theirs, one after the other.
  private var doubled: Set<Int> = []
  /// By rank and shard.
  private var clocks: [Int: [UInt32]] = [:]

  /// A worker's registration is known to all servers.
  mutating func registered(_ worker: SimulatedWorker) {
    holders[worker.stream] = worker.client
    let before = clocks[worker.stream] ?? worker.clocks
    clocks[worker.stream] = zip(before, worker.clocks).map(max)
  }

  /// Another process than the one that has it takes the rank.
  mutating func double(_ rank: Int) { doubled.insert(rank) }

  /// Whether a worker of this rank may rely on what it reads.
  func isBound(_ rank: Int) -> Bool { !doubled.contains(rank) }

  /// A worker tells a server that it has completed so many clocks.
  mutating func sent(_ clock: UInt32, by rank: Int, to shard: Int) {
    guard var clocks = clocks[rank] else { return }
    clocks[shard] = max(clocks[shard], clock)
    self.clocks[rank] = clocks
  }

  /// Which ranks a server did not wait for that gave away values as if all had completed `needed` clocks.
  func check(_ needed: UInt32, on server: SimulatedServer, _ now: Instant) -> [String] {
    holders.sorted { $0.key < $1.key }.compactMap { rank, client in
      guard isBound(rank), let clock = clocks[rank]?[server.shard], clock < needed,
        server.presence.isWaitedFor(client, now)
      else {
        return nil
      }
      return "server \(server.shard) gives away values of clock \(needed), but rank \(rank) has completed \(clock)"
    }
  }
}
