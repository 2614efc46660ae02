import PS
public import Serve
public import Transport
import Wire

/// Trains a model of a train server from a source until it ends, a number of steps is done, or somebody asks to stop.
///
/// Each connection is a stream of its own, so that the server may train their batches beside each other. A server takes
/// any batch as the beginning of a stream that it does not know, so the second one is sent when the first is answered;
/// from then on each stream has two batches on their way.
public struct RemoteTraining {
  /// What is run.
  public struct Options: Sendable {
    /// The examples per step; `nil` for as many as the model's configuration says.
    public var batch: Int?
    /// The passes over a finite source; `.max` for as many as there are.
    public var epochs: UInt64 = 1
    /// The most steps; a run that resumes counts those before it.
    public var steps: UInt64?
    /// The seed of the order of examples; `nil` keeps the order of the file.
    public var seed: UInt64?
    /// Whether the run goes on where the last one that resumes ended, with the same source, on one connection.
    public var isResuming = false
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
    var offset: UInt64
    /// Whether the server has answered a batch, and so knows where the stream goes on.
    var isKnown = false

    /// How many batches may be on their way.
    var room: Int { isKnown ? 2 : 1 }
  }

  private let model: String
  private let batchSize: Int
  private let steps: UInt64
  private var feed: DataFeed
  private var streams: [Stream]
  private var snapshot: ProgressSnapshot
  private var lossSum = 0.0
  private var lossCount = 0.0
  /// Whether the figures are those of the model's last examples.
  private var isWindowed = false

  /// A run of `model` on the server at `address`, whose examples `open` makes for their width.
  ///
  /// - Throws: ``TrainClientError`` if the server does not answer or has no such model, or what `open` throws.
  public init(
    _ model: String, at address: Address, options: Options, open: (_ width: Int) throws -> any DataSource
  ) async throws {
    precondition(!options.isResuming || options.connections == 1, "\(options.connections) connections that resume")
    let clients = (0..<options.connections).map { _ in TrainClient(to: address, options: options.client) }
    let description = try await clients[0].load(model)
    let batchSize = try options.batch ?? clients[0].batchSize(of: description)
    let source = try open(description.features)
    let start = try await options.isResuming ? clients[0].resumptionOffset(of: source, in: model) : 0
    let feed = try DataFeed(
      source, passes: source.isFinite ? options.epochs : 1, seed: options.seed, resumingAt: start)
    var generator = SystemRandomNumberGenerator()
    let run = "run-\(Identifier(using: &generator))"
    streams = clients.enumerated().map { number, client in
      Stream(client: client, name: options.isResuming ? source.name : "\(run)/\(number)", offset: feed.offset)
    }
    self.model = model
    self.batchSize = batchSize
    self.feed = feed
    steps = options.steps ?? .max
    snapshot = ProgressSnapshot(
      step: feed.offset / UInt64(batchSize), examples: feed.offset, loss: .nan, version: description.version)
  }

  /// The examples until the end, if known.
  public var exampleGoal: UInt64? { feed.goal(steps: steps, batch: batchSize) }

  /// Where the run starts.
  public var start: (step: UInt64, examples: UInt64) { (snapshot.step, snapshot.examples) }

  /// Trains, telling `reporter` of each answer.
  ///
  /// - Returns: What there is to say at the end.
  public mutating func run(reporter: inout ProgressReporter, until stop: StopRequest) async throws -> ProgressSnapshot {
    var sent: [(batch: SentBatch, stream: Int)] = []
    var sentCount = snapshot.step
    var next = 0
    var batch = Batch()
    while true {
      while sent.count(where: { $0.stream == next }) < streams[next].room, !stop.isRequested, sentCount < steps,
        try feed.next(into: &batch, upTo: batchSize)
      {
        sent.append((send(batch, through: next), next))
        sentCount += 1
        next = (next + 1) % streams.count
      }
      guard !sent.isEmpty else { break }
      let (first, stream) = sent.removeFirst()
      take(try await first.reply(), examples: first.examples)
      streams[stream].isKnown = true
      reporter.update(step: snapshot.step, examples: snapshot.examples, at: .now) { summary() }
    }
    await refreshFigures()
    return snapshot
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
    let windowed = Self.windowed(reply.figures)
    isWindowed = !windowed.isEmpty
    snapshot.metrics = isWindowed ? windowed : Self.own(reply.figures)
  }

  /// Asks for the figures of now: those that come with replies may be a moment old, and so of fewer examples.
  private mutating func refreshFigures() async {
    guard isWindowed, let figures = try? await streams[0].client.figures(of: model) else { return }
    snapshot.metrics = Self.windowed(figures)
  }

  /// The figures of the model's last examples, but for the loss, of which the run has its own.
  private static func windowed(_ figures: [FiguresReply.Figure]) -> [(name: String, value: Double)] {
    let prefix = "window."
    return figures.filter { $0.name.hasPrefix(prefix) && $0.name != prefix + "loss" }
      .map { (String($0.name.dropFirst(prefix.count)), $0.value) }
  }

  /// The figures of a batch itself: what the graph observed, where the server is asked to tell that.
  private static func own(_ figures: [FiguresReply.Figure]) -> [(name: String, value: Double)] {
    let stretches = ["all.", "window.", "decayed."]
    return figures.filter { figure in !stretches.contains { figure.name.hasPrefix($0) } }
      .map { ($0.name, $0.value) }
  }

  /// The figures since the last report.
  private mutating func summary() -> ProgressSnapshot {
    (lossSum, lossCount) = (0, 0)
    return snapshot
  }
}

extension TrainClient {
  /// The examples of a batch of `model`, if a message holds as many.
  fileprivate func batchSize(of model: ModelDescription) throws(TrainClientError) -> Int {
    let (numbers, overflow) = model.batchSize.multipliedReportingOverflow(by: model.features + model.labels)
    guard !overflow, numbers <= Limits.payloadCap / MemoryLayout<Float>.stride else {
      throw .unusable(
        server: server,
        problem: "no message holds the \(model.batchSize) examples of \(model.features) features that its batches have")
    }
    return model.batchSize
  }

  /// Where a run on `source` goes on that resumes.
  fileprivate func resumptionOffset(of source: any DataSource, in model: String) async throws -> UInt64 {
    let (length, limit) = (source.name.utf8.count, TrainRequest.sourceNameLimit)
    guard length <= limit else {
      throw DataError(source.name, .usage("a source to resume has a name of at most \(limit) bytes, not \(length)"))
    }
    let end = try await offset(ofSource: source.name, in: model) ?? 0
    guard end <= UInt64.max / 2 else {
      throw TrainClientError.unusable(
        server: server, problem: "it says that it has learned from \(end) examples of '\(source.name)'")
    }
    return end
  }
}
