import Kernels
import PS
import Parameters
import Wire

/// What a seed decides before a simulation begins.
struct SimulationPlan {
  /// What may go wrong.
  enum Fault: CaseIterable {
    case resets, halfCloses, holes, slowness, bitFlips, workerKills, zombies, schedulerKills
    // These need a server that keeps what it learns.
    case kills, stops, powerCuts, powerCutsInChanges, syncFailures, fullDisks
  }

  let seed: UInt64
  let servers: Int
  let workers: Int
  /// The batches of each worker's stream.
  let batches: Int
  let durability: Durability
  let consistency: Consistency
  let faults: [Fault]
  /// How long things go wrong.
  let faultTime: Duration
  /// How long nothing goes wrong in between, at most, in seconds.
  let quietTime: Double
  /// How long a worker thinks before it asks again, at most, in seconds.
  let thinkingTime: Double
  let patience: Duration
  /// How long a server is away, at most, in seconds.
  let longestRestart: Double
  /// How long half of a sync takes, in seconds.
  let diskSeconds: ClosedRange<Double>
  let segmentByteCount: Int
  let snapshotByteCount: Int
  /// The keys of which clients have to show one; none at all if nobody has to.
  let keys: [SharedKey]

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed &* 2 &+ 1)
    self.seed = seed
    servers = .random(in: 1...3, using: &random)
    workers = .random(in: 1...4, using: &random)
    batches = .random(in: 5...20, using: &random)
    let durability = [Durability.everySecond, .everySecond, .always, .always, .none].randomElement(using: &random)!
    self.durability = durability
    let staleness = Int.random(in: 1...3, using: &random)
    consistency = [.asynchronous, .stale(staleness), .synchronous].randomElement(using: &random)!
    let possible = durability == .none ? Fault.allCases.prefix { $0 != .kills } : Fault.allCases[...]
    faults = possible.filter { _ in UInt8.random(in: 0..<3, using: &random) == 0 }
    faultTime = .seconds(Double.random(in: 5...40, using: &random))
    quietTime = .random(in: 1...6, using: &random)
    thinkingTime = [0.01, 0.5, 2].randomElement(using: &random)!
    patience = .seconds([10, 60, 60].randomElement(using: &random)!)
    longestRestart = [0.2, 2, 8].randomElement(using: &random)!
    diskSeconds = 0.0001...[0.001, 0.02, 0.3].randomElement(using: &random)!
    segmentByteCount = [512, 4096, 16384].randomElement(using: &random)!
    snapshotByteCount = [2000, 20_000, 1 << 20].randomElement(using: &random)!
    let secret = (0..<SharedKey.minimumByteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    keys =
      Bool.random(using: &random)
      ? [
        SharedKey(id: "worker", role: .worker, secret: secret),
        SharedKey(id: "operator", role: .server, secret: secret.reversed()),
      ] : []
  }

  /// The limits of servers and clients; short ones, as the time that is simulated is.
  var limits: Limits {
    var limits = Limits()
    limits.payload = 1 << 20
    (limits.pingTime, limits.answerTime) = (.seconds(2), .seconds(3))
    (limits.idleTime, limits.frameTime, limits.stallTime) = (.seconds(20), .seconds(5), .seconds(5))
    return limits
  }

  /// The key that a client of a role has; nil if nobody has to show one.
  func key(for role: Role) -> SharedKey? { keys.first { $0.role == role } ?? keys.last }

  /// Whether workers keep in step.
  var hasClocks: Bool { consistency != .asynchronous }
}

/// What workers push: whole numbers at a learning rate of 1, which add up to one right result.
struct Workload {
  private let plan: SimulationPlan
  private let map: ShardMap

  /// The tensors' numbers: the number of batches, a row for each batch, cells that several batches count in, and a row
  /// for each push that belongs to no stream.
  enum Tensor { static let (sum, set, cells, extra) = (0, 1, 2, 3) }

  static let cellCount = 32
  static let extraCount = 256

  init(_ plan: SimulationPlan) {
    self.plan = plan
    map = ShardMap(shards: plan.servers)
  }

  var schema: ModelSchema {
    func table(_ name: String, _ shape: [Int]) -> ParameterSpec {
      ParameterSpec(name: name, shape: shape, kind: .table, optimizer: .sgd(rate: 1))
    }
    return ModelSchema(
      name: "m", consistency: plan.consistency, workers: plan.hasClocks ? plan.workers : 1,
      parameters: [
        ParameterSpec(name: "sum", shape: [1], optimizer: .sgd(rate: 1)),
        table("set", [plan.workers * plan.batches, 1]), table("cells", [Self.cellCount, 2]),
        table("extra", [Self.extraCount, 1]),
      ])
  }

  func shard(ofRow key: Int64) -> Int { map.shard(ofSlot: ShardMap.slot(ofRow: UInt64(key))) }

  var shardOfSum: Int { map.shard(ofSlot: ShardMap.slot(ofBlock: 0, tensor: Tensor.sum)) }

  /// The name of a stream.
  static func source(_ stream: Int) -> String { "stream \(stream)" }

  /// The row of a batch.
  func row(_ stream: Int, _ batch: Int) -> Int64 { Int64(stream * plan.batches + batch) }

  /// What a batch adds to the cells: the same whoever computes it.
  func cells(_ stream: Int, _ batch: Int) -> [(key: Int64, amount: Float)] {
    var random = SplitMix64(seed: plan.seed &+ UInt64(row(stream, batch)) &* 0x1234_5677)
    let keys = (0..<Int64(Self.cellCount)).filter { _ in UInt8.random(in: 0..<8, using: &random) == 0 }
    return keys.map { ($0, Float(Int.random(in: -4...4, using: &random))) }
  }

  /// The part of a batch that belongs to a server.
  func blocks(_ stream: Int, _ batch: Int, on shard: Int) -> [TestPush] {
    var blocks: [TestPush] = []
    if shard == shardOfSum { blocks.append(.dense(tensor: Tensor.sum, first: 0, [-1])) }
    let row = row(stream, batch)
    if self.shard(ofRow: row) == shard { blocks.append(.rows(tensors: [Tensor.set], keys: [row], [[-1]])) }
    let cells = cells(stream, batch).filter { self.shard(ofRow: $0.key) == shard }
    if !cells.isEmpty {
      blocks.append(
        .rows(tensors: [Tensor.cells], keys: cells.map(\.key), [cells.flatMap { [-$0.amount, -2 * $0.amount] }]))
    }
    return blocks
  }

  /// The cells when all batches are applied.
  var finalCells: [Float] {
    var result = [Float](repeating: 0, count: 2 * Self.cellCount)
    for stream in 0..<plan.workers {
      for batch in 0..<plan.batches {
        for (key, amount) in cells(stream, batch) {
          result[2 * Int(key)] += amount
          result[2 * Int(key) + 1] += 2 * amount
        }
      }
    }
    return result
  }
}
