import Kernels
import PS
import Parameters
import Synchronization
import Wire

/// A worker that trains by a ``ParameterClient``, as the code of a ``Coroutine``.
struct ClientWork: Sendable {
  typealias Process = Coroutine<Question, Answer>

  /// What it wants of the world.
  enum Question: Sendable {
    /// The answers of the servers.
    case call([ServerRequest?])
    /// A pause.
    case think
    /// A row that nobody has pushed to.
    case extraRow
    /// That is taken note of: the extra row was pushed.
    case extraPushed(Int64)
    /// That is taken note of: behind its last push so many batches were counted.
    case counted(Float)
    /// That is taken note of: all batches of its stream are applied.
    case completed
    /// That is taken note of: it ends because of this.
    case failed(any Error)
  }

  /// What the world says.
  enum Answer: Sendable {
    case answers([Result<Frame, ClientError>?], lostUpdates: UInt64)
    case row(Int64?)
    case noted
  }

  let plan: SimulationPlan
  let stream: Int
  let seed: UInt64

  private var workload: Workload { Workload(plan) }

  /// Registers the model and pushes what the servers lack of the stream.
  func run(_ process: Process) {
    do {
      let schema = workload.schema
      var options = ParameterClient.Options()
      options.rank = plan.hasClocks ? stream : nil
      options.consistency = plan.consistency
      options.workers = schema.workers
      let links = Links(process, plan)
      try train(ParameterClient(schema.parameters, name: schema.name, links: links, options: options), links, process)
      _ = process.ask(.completed)
    } catch {
      _ = process.ask(.failed(error))
    }
  }

  private func train(_ client: ParameterClient, _ links: Links, _ process: Process) throws {
    var random = SplitMix64(seed: seed)
    // What was lost when it last ended a clock; the end of that may be among what is lost later.
    var endedClock: UInt64?
    while true {
      var batch = Int(try client.offset(ofSource: Workload.source(stream)) ?? 0)
      if batch == plan.batches {
        guard plan.hasClocks, endedClock != links.lostUpdates else { return }
        // Gradients of a clock that an earlier process did not end are applied, too.
        try push(nil, to: client)
        endedClock = links.lostUpdates
        continue
      }
      do {
        while batch < plan.batches {
          _ = process.ask(.think)
          let chance = UInt8.random(in: 0..<10, using: &random)
          if chance == 0 { _ = try client.exchange(push: nil, pull: RowRequest(tables: [])) }
          if chance == 1, case .row(let row?)? = process.ask(.extraRow) {
            try push(nil, extra: row, to: client)
            _ = process.ask(.extraPushed(row))
          }
          let sum = try push(batch, to: client)
          _ = process.ask(.counted(sum))
          endedClock = links.lostUpdates
          batch += 1
        }
      } catch StoreError.sourceGap, StoreError.sourceOverlap {
        // A server has lost some of it with its power.
      }
    }
  }

  /// Pushes a batch of the stream, an extra row, or nothing, which ends a clock nevertheless.
  ///
  /// - Returns: How many batches were counted.
  @discardableResult private func push(
    _ batch: Int?, extra: Int64? = nil, to client: ParameterClient
  ) throws -> Float {
    let cells = batch.map { workload.cells(stream, $0) } ?? []
    var (sum, ones): ([Float], [Float]) = ([batch == nil ? 0 : -1], [-1])
    var (set, extras) = (batch.map { [workload.row(stream, $0)] } ?? [], extra.map { [$0] } ?? [])
    var (keys, amounts) = (cells.map(\.key), cells.flatMap { [-$0.amount, -2 * $0.amount] })
    return try sum.withMemoryView { sum in
      try ones.withMemoryView { ones in
        try set.withMemoryView { set in
          try keys.withMemoryView { keys in
            try amounts.withMemoryView { amounts in
              try extras.withMemoryView { extras in
                let push = ParameterGradients(
                  gradients: [
                    .dense(sum), .rows(keys: set, values: ones[0..<set.count]), .rows(keys: keys, values: amounts),
                    .rows(keys: extras, values: ones[0..<extras.count]),
                  ],
                  source: batch.map {
                    SourceRange(name: Workload.source(stream), begin: UInt64($0), end: UInt64($0) + 1)
                  })
                let values = try client.exchange(push: push, pull: RowRequest(tables: []))
                return values.parameters[Workload.Tensor.sum].scalars[0]
              }
            }
          }
        }
      }
    }
  }
}

extension ClientWork {
  /// The way to the servers: the world's.
  private final class Links: ServerLinks {
    let count: Int
    let payloadLimit: Int
    private let process: Process
    private let lost = Mutex<UInt64>(0)

    init(_ process: Process, _ plan: SimulationPlan) {
      self.process = process
      (count, payloadLimit) = (plan.servers, plan.limits.payload)
    }

    func name(of shard: Int) -> String { "server \(shard)" }

    var lostUpdates: UInt64 { lost.withLock { $0 } }

    func call(
      _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
    ) throws(ClientError) -> [Frame?] {
      guard case .answers(let results, let lostUpdates)? = process.ask(.call(requests)) else {
        throw .unavailable(server: "the world", waited: .zero, lastProblem: "the process was killed")
      }
      lost.withLock { $0 = lostUpdates }
      return try self.results(results)
    }
  }
}
