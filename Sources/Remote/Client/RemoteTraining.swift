import PS
public import Serve
public import Transport
import Wire

/// Trains a model of a train server from a source until it ends, a number of steps is done, or somebody asks to stop.
///
/// Each connection is a stream of its own, so that the server may train their batches beside each other; each has two
/// batches on their way.
public struct RemoteTraining {
  /// What is run.
  public struct Options: Sendable {
    /// The examples per step; `nil` for as many as the model's configuration says.
    public var batch: Int?
    /// The passes over a finite source; `.max` for as many as there are.
    public var epochs: UInt64 = 1
    /// The most steps.
    public var steps: UInt64?
    /// The seed of the order of examples; `nil` keeps the order of the file.
    public var seed: UInt64?
    /// The connections.
    public var connections = 1
    /// How each connection is made.
    public var client = TrainClient.Options()

    /// The defaults.
    public init() {}
  }

  private struct Stream {
    let client: TrainClient
    let name: String
    var offset: UInt64 = 0
  }

  private let model: String
  private let batchSize: Int
  private let steps: UInt64
  private var feed: DataFeed
  private var streams: [Stream]
  private var snapshot = ProgressSnapshot(step: 0, examples: 0, loss: .nan, version: 0)
  private var lossSum = 0.0
  private var lossCount = 0.0

  private static let batchesOnTheirWay = 2

  /// A run of `model` on the server at `address`, whose examples `open` makes for their width.
  ///
  /// - Throws: ``TrainClientError`` if the server does not answer or has no such model, or what `open` throws.
  public init(
    _ model: String, at address: Address, options: Options, open: (_ width: Int) throws -> any DataSource
  ) async throws {
    var generator = SystemRandomNumberGenerator()
    let run = "run-\(Identifier(using: &generator))"
    streams = (0..<options.connections).map {
      Stream(client: TrainClient(to: address, options: options.client), name: "\(run)/\($0)")
    }
    self.model = model
    let description = try await streams[0].client.load(model)
    batchSize = options.batch ?? description.batchSize
    steps = options.steps ?? .max
    let source = try open(description.features)
    feed = try DataFeed(source, passes: source.isFinite ? options.epochs : 1, seed: options.seed)
    snapshot.version = description.version
  }

  /// The examples until the end, if known.
  public var exampleGoal: UInt64? { feed.goal(steps: steps, batch: batchSize) }

  /// Trains, telling `reporter` of each answer.
  ///
  /// - Returns: What there is to say at the end.
  public mutating func run(reporter: inout ProgressReporter, until stop: StopRequest) async throws -> ProgressSnapshot {
    var sent: [SentBatch] = []
    var sentCount: UInt64 = 0
    var batch = Batch()
    while true {
      while sent.count < Self.batchesOnTheirWay * streams.count, !stop.isRequested, sentCount < steps,
        try feed.next(into: &batch, upTo: batchSize)
      {
        sent.append(send(batch, through: Int(sentCount % UInt64(streams.count))))
        sentCount += 1
      }
      guard !sent.isEmpty else { return snapshot }
      let first = sent.removeFirst()
      take(try await first.reply(), examples: first.examples)
      reporter.update(step: snapshot.step, examples: snapshot.examples, at: .now) { summary() }
    }
  }

  private mutating func send(_ batch: Batch, through number: Int) -> SentBatch {
    let begin = streams[number].offset
    streams[number].offset += UInt64(batch.examples)
    let stream = streams[number]
    return stream.client.send(model, batch, source: stream.name, offsets: begin..<stream.offset)
  }

  private mutating func take(_ reply: TrainBatchReply, examples: Int) {
    snapshot.step += 1
    snapshot.examples += UInt64(examples)
    snapshot.version = max(snapshot.version, reply.version)
    guard !reply.isDuplicate else { return }
    lossSum += Double(reply.loss) * Double(examples)
    lossCount += Double(examples)
    snapshot.loss = lossSum / lossCount
    let windowed = reply.figures.filter { $0.name.hasPrefix("window.") && $0.name != "window.loss" }
    snapshot.metrics =
      windowed.isEmpty
      ? reply.figures.map { ($0.name, $0.value) } : windowed.map { (String($0.name.dropFirst(7)), $0.value) }
  }

  /// The figures since the last report.
  private mutating func summary() -> ProgressSnapshot {
    (lossSum, lossCount) = (0, 0)
    return snapshot
  }
}
