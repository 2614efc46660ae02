import NIOCore
public import PS
public import Serve
public import Transport
public import Wire

/// Trains and scores models of a train server.
///
///     let client = TrainClient(to: try Address("127.0.0.1:7072"))
///     let reply = try await client.train("mlp", batch, source: "clicks-7", offsets: 0..<256)
///
/// One client has one connection, which is made when something is first asked and again after it breaks. Requests may
/// overlap. A request is sent again until it is answered or the patience ends; batches of a stream, which carry their
/// offsets, are applied once however often they are sent.
public final class TrainClient: Sendable {
  /// Who a client is, and how patient.
  public struct Options: Sendable {
    /// What the client wants to be allowed.
    public var role = Role.worker
    /// The key, if the server wants one.
    public var key: SharedKey?
    /// How the connection is encrypted, if it is.
    public var tls: ClientTLS?
    /// How long a request may take, with all its repetitions.
    public var patience = Duration.seconds(60)

    /// The defaults.
    public init() {}
  }

  /// What the server is called in messages to people.
  let server: String
  private let links: EventLoopLinks

  /// A client of the server at `address`.
  public init(to address: Address, options: Options = Options()) {
    var linkOptions = NetworkLinks.Options()
    linkOptions.role = options.role
    linkOptions.key = options.key
    linkOptions.tls = options.tls
    linkOptions.patience.total = options.patience
    server = "\(address)"
    links = EventLoopLinks(address, options: linkOptions)
  }

  /// The models of the server.
  public func models() async throws(TrainClientError) -> [ModelListReply.Entry] {
    try await ask(.listModels, ByteBuffer()) { payload throws(Refusal) in try ModelListReply(reading: payload).models }
  }

  /// Loads `model` if it is not loaded, and describes it.
  public func load(_ model: String) async throws(TrainClientError) -> ModelDescription {
    try await ask(.loadModel, ModelRequest(model: model).payload) { payload throws(Refusal) in
      try ModelDescription(reading: payload)
    }
  }

  /// Unloads `model`: what waits is trained, and its parameters are saved.
  public func unload(_ model: String) async throws(TrainClientError) {
    try await ask(.unloadModel, ModelRequest(model: model).payload) { _ throws(Refusal) in }
  }

  /// Freezes `model`, which then scores but does not train, or lets it train again.
  public func setFrozen(_ isFrozen: Bool, _ model: String) async throws(TrainClientError) {
    try await ask(.setState, SetStateRequest(model: model, isFrozen: isFrozen).payload) { _ throws(Refusal) in }
  }

  /// Learns from `batch`, the part `offsets` of the stream `source`.
  public func train(
    _ model: String, _ batch: Batch, source: String = "", offsets: Range<UInt64> = 0..<0
  ) async throws(TrainClientError) -> TrainBatchReply {
    try await send(model, batch, source: source, offsets: offsets).reply()
  }

  /// Sends `batch` without waiting for the reply; batches that one thread sends arrive in that order.
  ///
  /// The first batch of a stream is to be answered before the next one is sent: a server that refuses it for a while,
  /// as too many wait, would take the next one for the beginning.
  public func send(
    _ model: String, _ batch: Batch, source: String = "", offsets: Range<UInt64> = 0..<0
  ) -> SentBatch {
    let request = TrainBatchRequest(model: model, source: source, offsets: offsets, batch: batch)
    return SentBatch(
      examples: batch.examples, server: server,
      answer: links.futureAnswer(to: ServerRequest(reading: .trainBatch, request.payload)))
  }

  /// Scores the examples of `batch` with parameters of at least `minimumVersion`.
  public func score(
    _ model: String, _ batch: Batch, minimumVersion: UInt64 = 0
  ) async throws(TrainClientError) -> ScoreBatchReply {
    let request = ScoreBatchRequest(model: model, minimumVersion: minimumVersion, batch: batch)
    let reply = try await ask(.scoreBatch, request.payload) { payload throws(Refusal) in
      try ScoreBatchReply(reading: payload)
    }
    guard reply.classes > 0, reply.probabilities.count == batch.examples * reply.classes else {
      throw .unusable(
        server: server,
        problem: "it answers \(batch.examples) examples with \(reply.probabilities.count) probabilities of "
          + "\(reply.classes) classes")
    }
    return reply
  }

  /// How `model` does.
  public func figures(of model: String) async throws(TrainClientError) -> [FiguresReply.Figure] {
    try await ask(.metrics, ModelRequest(model: model).payload) { payload throws(Refusal) in
      try FiguresReply(reading: payload).figures
    }
  }

  /// The end of what `model` has applied of the stream `source`; `nil` if nothing.
  public func offset(ofSource source: String, in model: String) async throws(TrainClientError) -> UInt64? {
    try await ask(.getOffset, OffsetRequest(model: model, source: source).payload) { payload throws(Refusal) in
      try OffsetReply(reading: payload).offset
    }
  }

  private func ask<Answer>(
    _ type: MessageType, _ payload: ByteBuffer, _ read: (ByteBuffer) throws(Refusal) -> Answer
  ) async throws(TrainClientError) -> Answer {
    let frame: Frame
    do { frame = try await links.answer(to: ServerRequest(reading: type, payload)) } catch {
      throw TrainClientError(error, server: server)
    }
    return try Self.reading(frame, server, read)
  }

  fileprivate static func reading<Answer>(
    _ frame: Frame, _ server: String, _ read: (ByteBuffer) throws(Refusal) -> Answer
  ) throws(TrainClientError) -> Answer {
    do throws(Refusal) { return try read(frame.payload) } catch {
      throw .unusable(server: server, problem: "it answers nonsense: \(error.text)")
    }
  }
}

/// A batch on its way to a train server and back.
public struct SentBatch: Sendable {
  /// The examples of the batch.
  public let examples: Int
  fileprivate let server: String
  fileprivate let answer: EventLoopFuture<Frame>

  /// What came of the batch, when it is known.
  public func reply() async throws(TrainClientError) -> TrainBatchReply {
    let frame: Frame
    do { frame = try await answer.get() } catch { throw TrainClientError(error, server: server) }
    return try TrainClient.reading(frame, server) { payload throws(Refusal) in try TrainBatchReply(reading: payload) }
  }
}
