import NIOCore
import NIOPosix
import PS
import Remote
import Transport
import Wire

/// A train server that learns nothing and says what it is told to say. It answers the first batch of a stream late, and
/// notes whose second batch has come by then.
final class FakeTrainService: FrameService {
  let identity = ServerIdentity(storeID: Identifier(bytes: [UInt8](repeating: 0, count: 16)), bootID: 1)
  /// The batches of each stream.
  private(set) var batches: [String: Int] = [:]
  /// The streams whose second batch came before the first was answered.
  private(set) var hasty: Set<String> = []

  private var answered: Set<String> = []
  private let description: ModelDescription
  private let scores: ScoreBatchReply
  private let loop: any EventLoop

  init(_ description: ModelDescription, _ scores: ScoreBatchReply, on loop: any EventLoop) {
    self.description = description
    self.scores = scores
    self.loop = loop
  }

  /// Listens, with a model of `description` that always scores with `scores`.
  static func listen(
    _ description: ModelDescription, scores: ScoreBatchReply? = nil
  ) async throws -> Listener<FakeTrainService> {
    let scores = scores ?? ScoreBatchReply(version: 0, classes: 1, probabilities: [])
    return try await Listener.start(
      at: .tcp(host: "127.0.0.1", port: 0), on: MultiThreadedEventLoopGroup.singleton.next()
    ) { loop in FakeTrainService(description, scores, on: loop) }
  }

  func started() {}

  func session(of client: ClientIdentity) -> SessionState { SessionState() }

  func connected(_ connection: ServiceConnection) {}

  func disconnected(_ connection: ServiceConnection) {}

  func received(_ request: Frame, on connection: ServiceConnection) {
    switch request.header.type {
    case .loadModel: answer(request, with: description.payload, on: connection)
    case .scoreBatch: answer(request, with: scores.payload, on: connection)
    case .trainBatch: train(request, on: connection)
    default: connection.refuse(Refusal(.unknownType, "no such request"), answering: request.header)
    }
  }

  private func train(_ request: Frame, on connection: ServiceConnection) {
    guard let source = try? TrainBatchRequest(reading: request.payload).source else { return }
    let count = (batches[source] ?? 0) + 1
    batches[source] = count
    if count > 1, !answered.contains(source) { hasty.insert(source) }
    loop.assumeIsolated().scheduleTask(in: .milliseconds(count == 1 ? 50 : 0)) {
      self.answered.insert(source)
      let reply = TrainBatchReply(
        version: 1, loss: 0.5, isDuplicate: false, stepMicroseconds: 1,
        figures: [.init(name: "all.loss", value: 0.5), .init(name: "window.loss", value: 0)])
      self.answer(request, with: reply.payload, on: connection)
    }
  }

  private func answer(_ request: Frame, with payload: ByteBuffer, on connection: ServiceConnection) {
    connection.reply(
      Frame(request.header.type, flags: .response, requestID: request.header.requestID, payload: payload))
  }
}
