import Kernels
import PS
public import Parameters
import Transport

/// Times the exchange of gradients for values with a parameter server of this process, which keeps no log, over TCP on
/// this machine; beside it, in turns, blocking sockets that move as many bytes each way. Of two cores each end has one.
public struct PushPullBenchmark {
  /// What is exchanged: gradients of all dense tensors and of some rows of the tables, for their new values.
  public struct Workload: Sendable {
    /// A name for people.
    public var name: String
    /// The tensors.
    public var parameters: [ParameterSpec]
    /// How many rows of each table are touched, every other one.
    public var rows: Int
    /// What ps-lite takes for a push and a pull of as much, in milliseconds, on a machine of two cores like the one of
    /// our documentation.
    public var psLiteMilliseconds: Double

    /// A workload.
    public init(name: String, parameters: [ParameterSpec], rows: Int = 0, psLiteMilliseconds: Double) {
      self.name = name
      self.parameters = parameters
      self.rows = rows
      self.psLiteMilliseconds = psLiteMilliseconds
    }

    /// The perceptron 784-500-10, ten thousand rows of 17, and a single number.
    public static let all: [Workload] = [
      Workload(
        name: "mlp",
        parameters: [("w1", [784, 500]), ("b1", [500]), ("w2", [500, 10]), ("b2", [10])].map {
          ParameterSpec(name: $0, shape: $1)
        }, psLiteMilliseconds: 1.76),
      Workload(
        name: "rows", parameters: [ParameterSpec(name: "rows", shape: [20_000, 17], kind: .table)],
        rows: 10_000, psLiteMilliseconds: 1.46),
      Workload(name: "float", parameters: [ParameterSpec(name: "w", shape: [1])], psLiteMilliseconds: 0.156),
    ]
  }

  /// What was found.
  public struct Result: Sendable {
    /// What was exchanged.
    public var workload: Workload
    /// The bytes of a request.
    public var requestByteCount: Int
    /// The bytes of its reply.
    public var replyByteCount: Int
    /// The time of an exchange.
    public var time: TimeSample
    /// The time that blocking sockets take to move as many bytes.
    public var socketTime: TimeSample
    /// The sum of all values that the last exchange brought.
    public var checksum: Double

    /// How fast we move the bytes, compared with the blocking sockets.
    public var ratio: Double { socketTime.median / time.median }
  }

  private static let warmUps = 50

  /// Times `exchanges` exchanges of each workload, at least one.
  public static func run(_ workloads: [Workload] = Workload.all, exchanges: Int) async throws -> [Result] {
    precondition(exchanges > 0, "\(exchanges) exchanges")
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    // A system that chooses between two may keep both ends on one for hundreds of exchanges, which take nearly twice as
    // long there.
    let cores = CoreSet.ofThread
    let singles = cores.singles
    let (core, otherCore) = singles.count == 2 ? (singles[0], singles[1]) : (cores, cores)
    try await server.withThread { otherCore.use() }
    let results = Swift.Result {
      core.use()
      defer { cores.use() }
      return try workloads.map { try measure($0, exchanges: exchanges, at: server.address, on: otherCore) }
    }
    try await server.withThread { cores.use() }
    try await server.stop(within: .zero)
    return try results.get()
  }

  private static func measure(
    _ workload: Workload, exchanges: Int, at server: Address, on otherCore: CoreSet
  ) throws -> Result {
    let store = try ParameterClient(workload.parameters, name: workload.name, links: NetworkLinks([server]))
    let batch = SyntheticGradients(workload.parameters, rows: workload.rows)
    let before = try traffic(of: server)
    var values = try batch.exchange(with: store)
    let after = try traffic(of: server)
    let (request, reply) = (after.requests - before.requests, after.replies - before.replies)
    let sockets = try BlockingSockets(requestByteCount: request, replyByteCount: reply, on: otherCore)
    let clock = ContinuousClock()
    var (times, socketTimes): ([Duration], [Duration]) = ([], [])
    for round in -warmUps..<exchanges {
      let ours = try clock.measure { values = try batch.exchange(with: store) }
      let theirs = try clock.measure { try sockets.exchange() }
      guard round >= 0 else { continue }
      times.append(ours)
      socketTimes.append(theirs)
    }
    return Result(
      workload: workload, requestByteCount: request, replyByteCount: reply, time: TimeSample(times),
      socketTime: TimeSample(socketTimes), checksum: batch.sum(of: values))
  }

  /// The bytes of all exchanges that a server has seen, frames included.
  private static func traffic(of server: Address) throws -> (requests: Int, replies: Int) {
    let figures = try Cluster.statistics(of: server)
    func figure(_ name: String) -> Int { figures.first { $0.name == name }.map { Int($0.value) } ?? 0 }
    return (figure("push_pull.bytes_in"), figure("push_pull.bytes_out"))
  }
}
