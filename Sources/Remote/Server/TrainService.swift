public import NIOCore
import PS
import Parameters
public import Serve
public import Transport
public import Wire

/// The models of a ``ModelService`` for clients that speak OLP/1.
///
/// Everything is called on the listener's event loop. Batches are trained, and larger requests scored, on threads of their
/// models, whose answers come back to the loop.
public final class TrainService: FrameService {
  public let identity: ServerIdentity
  private let models: ModelService
  private let loop: any EventLoop
  /// What waits for each model that is being loaded, in the order in which it came.
  private var waiting: [String: [(Result<ServedModel, ServiceError>) -> Void]] = [:]

  /// A service of `models` on `loop`.
  public init(_ models: ModelService, on loop: any EventLoop) {
    var generator = SystemRandomNumberGenerator()
    // A train server is as good as the one before: what it has learned belongs to its store.
    identity = ServerIdentity(storeID: Identifier(bytes: [UInt8](repeating: 0, count: 16)), bootID: generator.next())
    self.models = models
    self.loop = loop
  }

  public func started() {}

  /// Requests here carry their own identity, the offsets of a stream, so that sessions have no state.
  public func session(of client: ClientIdentity) -> SessionState { SessionState() }

  public func connected(_ connection: ServiceConnection) {}

  public func disconnected(_ connection: ServiceConnection) {}

  public func received(_ request: Frame, on connection: ServiceConnection) {
    let caller = Caller(request.header, connection, loop)
    do throws(Refusal) {
      try connection.client.role.require(for: request.header.type)
      try serve(request, caller)
    } catch {
      connection.refuse(error, answering: request.header)
    }
  }

  private func serve(_ request: Frame, _ caller: Caller) throws(Refusal) {
    switch request.header.type {
    case .trainBatch: train(try TrainBatchRequest(reading: request.payload), caller)
    case .scoreBatch: score(try ScoreBatchRequest(reading: request.payload), caller)
    case .listModels:
      guard request.payload.readableBytes == 0 else { throw Refusal(.malformed, "a payload where there is none") }
      caller.answer(.success(list.payload))
    case .loadModel:
      let name = try ModelRequest(reading: request.payload).model
      perform(caller) { models throws(ServiceError) in try await models.load(name).wireDescription.payload }
    case .metrics:
      let name = try ModelRequest(reading: request.payload).model
      perform(caller) { models throws(ServiceError) in
        FiguresReply(try await models.model(name).wireFigures).payload
      }
    case .unloadModel:
      let name = try ModelRequest(reading: request.payload).model
      perform(caller) { models throws(ServiceError) in
        try await models.unload(name)
        return ByteBuffer()
      }
    case .setState:
      let change = try SetStateRequest(reading: request.payload)
      perform(caller) { models throws(ServiceError) in
        let model = try await models.model(change.model)
        if change.isFrozen { await model.freeze() } else { model.thaw() }
        return ByteBuffer()
      }
    case .getOffset:
      let question = try OffsetRequest(reading: request.payload)
      perform(caller) { models throws(ServiceError) in
        OffsetReply(offset: try await models.model(question.model).offset(ofSource: question.source)).payload
      }
    default: throw Refusal(.unknownType, closing: false, "a train server has no request of type \(request.header.type)")
    }
  }

  private var list: ModelListReply {
    let loaded = Dictionary(uniqueKeysWithValues: models.loaded.map { ($0.name, $0) })
    return ModelListReply(
      models: models.folder.names.map { name in
        let model = loaded[name]
        return ModelListReply.Entry(
          name: name, isLoaded: model != nil, isFrozen: model?.isFrozen ?? false, version: model?.version ?? 0)
      })
  }

  private func train(_ request: TrainBatchRequest, _ caller: Caller) {
    let source =
      request.source.isEmpty
      ? nil : SourceRange(name: request.source, begin: request.offsets.lowerBound, end: request.offsets.upperBound)
    let train = TrainRequest(
      batch: request.batch, source: source, deadline: Self.deadline(request.deadlineMilliseconds))
    withModel(request.model, caller) { model in
      model.train(train) { result in caller.answer(result.map { $0.wireReply.payload }) }
    }
  }

  private func score(_ request: ScoreBatchRequest, _ caller: Caller) {
    let score = ScoreRequest(
      batch: request.batch, minimumVersion: request.minimumVersion,
      deadline: Self.deadline(request.deadlineMilliseconds))
    withModel(request.model, caller) { model in
      model.score(score) { result in
        caller.answer(
          result.map {
            ScoreBatchReply(version: $0.version, classes: $0.classes, probabilities: $0.probabilities).payload
          })
      }
    }
  }

  /// Finds the model at once if it is loaded, and otherwise loads it first; what is asked meanwhile keeps its order.
  private func withModel(_ name: String, _ caller: Caller, _ body: @escaping (ServedModel) -> Void) {
    let isLoading = waiting[name] != nil
    if !isLoading, let model = models.loadedModel(name) { return body(model) }
    waiting[name, default: []].append { result in
      switch result {
      case .success(let model): body(model)
      case .failure(let error): caller.answer(.failure(error))
      }
    }
    if !isLoading { load(name) }
  }

  /// Loads the model, and then does what waits for it.
  private func load(_ name: String) {
    let (models, loop, service) = (models, loop, NIOLoopBound(self, eventLoop: loop))
    Task {
      let result: Result<ServedModel, ServiceError>
      do throws(ServiceError) { result = .success(try await models.model(name)) } catch { result = .failure(error) }
      loop.execute { for body in service.value.waiting.removeValue(forKey: name) ?? [] { body(result) } }
    }
  }

  private func perform(
    _ caller: Caller, _ body: @escaping @Sendable (ModelService) async throws(ServiceError) -> ByteBuffer
  ) {
    Task { [models] in
      do throws(ServiceError) { caller.answer(.success(try await body(models))) } catch {
        caller.answer(.failure(error))
      }
    }
  }

  private static func deadline(_ milliseconds: UInt32) -> ContinuousClock.Instant? {
    milliseconds == 0 ? nil : .now + .milliseconds(Int64(milliseconds))
  }
}

/// Who asked for something, and is answered once, from any thread.
private struct Caller: Sendable {
  private let header: FrameHeader
  private let connection: NIOLoopBound<ServiceConnection>
  private let loop: any EventLoop

  init(_ header: FrameHeader, _ connection: ServiceConnection, _ loop: any EventLoop) {
    self.header = header
    self.connection = NIOLoopBound(connection, eventLoop: loop)
    self.loop = loop
  }

  func answer(_ result: Result<ByteBuffer, ServiceError>) {
    // The checksum of a large answer is not the event loop's work.
    let frame = result.map { Frame(header.type, flags: .response, requestID: header.requestID, payload: $0) }
    if loop.inEventLoop { finish(frame) } else { loop.execute { finish(frame) } }
  }

  private func finish(_ frame: Result<Frame, ServiceError>) {
    switch frame {
    case .success(let frame): connection.value.reply(frame)
    case .failure(let error): connection.value.refuse(Refusal(error), answering: header)
    }
  }
}

extension Role {
  /// Checks that a client in this role may send requests of `type`.
  fileprivate func require(for type: MessageType) throws(Refusal) {
    let needed: Role =
      switch type {
      case .trainBatch, .loadModel: .worker
      case .unloadModel, .setState: .admin
      default: .reader
      }
    guard includes(needed) else {
      throw Refusal(.forbidden, closing: false, "a \(self) may not do that; it takes a \(needed)")
    }
  }
}
