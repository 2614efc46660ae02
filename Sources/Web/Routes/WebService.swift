import JSON
import NIOCore
import NIOHTTP1
import Serve

/// The routes: what each request of HTTP asks of the ``ModelService``.
///
/// | request | answer |
/// |---|---|
/// | `POST /v1/models/NAME:train` | learns from a batch |
/// | `POST /v1/models/NAME:score` | probabilities |
/// | `POST /v1/models/NAME:load`, `:unload`, `:freeze`, `:thaw` | changes what is served |
/// | `GET /v1/models/NAME:offset?source=S` | up to where the stream S is applied |
/// | `GET /v1/models`, `GET /v1/models/NAME` | what is served, and how it does |
/// | `GET /v1/status` | everything that the dashboard shows |
/// | `GET /`, `/metrics`, `/healthz`, `/readyz` | dashboard, Prometheus text, health |
struct WebService: Sendable {
  let models: ModelService
  let metrics: PrometheusMetrics
  /// Whether the service may be given work.
  let isReady: @Sendable () -> Bool

  /// What a reply is handed to; called once, from any thread.
  typealias Answer = @Sendable (WebReply) -> Void

  func answer(_ request: WebRequest, _ answer: @escaping Answer) {
    switch request.path {
    case "/": get(request, answer) { Dashboard.page(StatusReport(models)) }
    case "/healthz": get(request, answer) { .text("ok") }
    case "/readyz":
      get(request, answer) { isReady() ? .text("ready") : .text("not ready", status: .serviceUnavailable) }
    case "/metrics":
      get(request, answer) {
        WebReply(
          status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(metrics.render().utf8))
      }
    case "/v1/status": get(request, answer) { .json(StatusReport(models).json) }
    case "/v1/models": get(request, answer) { .json(StatusReport(models).list) }
    default:
      guard request.path.hasPrefix(Self.modelPrefix) else { return answer(Self.notFound) }
      let rest = request.path.dropFirst(Self.modelPrefix.count)
      let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if parts.count == 1 { describe(parts[0], request, answer) } else { act(parts[0], parts[1], request, answer) }
    }
  }

  private static let modelPrefix = "/v1/models/"
  private static let notFound = WebReply.refusal(.notFound, "not_found", "no such path; see /v1/models")

  private func get(_ request: WebRequest, _ answer: Answer, _ body: () -> WebReply) {
    guard request.method == .GET || request.method == .HEAD else {
      var reply = WebReply.refusal(.methodNotAllowed, "method", "this path takes GET")
      reply.headers.append(("Allow", "GET, HEAD"))
      return answer(reply)
    }
    answer(body())
  }

  private func describe(_ name: String, _ request: WebRequest, _ answer: @escaping Answer) {
    guard request.method == .GET || request.method == .HEAD else { return get(request, answer) { Self.notFound } }
    withModel(name, answer) { model in answer(.json(StatusReport.description(of: model))) }
  }

  private func offset(_ name: String, _ request: WebRequest, _ answer: @escaping Answer) {
    guard request.method == .GET || request.method == .HEAD else { return get(request, answer) { Self.notFound } }
    do throws(ServiceError) { try request.checkQuery(["source"]) } catch { return answer(WebReply(error)) }
    guard let source = request.query["source"], !source.isEmpty else {
      return answer(.refusal(.badRequest, "malformed", "name the stream: ?source=NAME"))
    }
    perform(answer) { () throws(ServiceError) in
      let end = try await models.model(name).offset(ofSource: source)
      var text = ObjectText()
      text.add("offset", orNull: end)
      return text.text
    }
  }

  private func act(_ name: String, _ verb: String, _ request: WebRequest, _ answer: @escaping Answer) {
    if verb == "offset" { return offset(name, request, answer) }
    guard request.method == .POST else {
      var reply = WebReply.refusal(.methodNotAllowed, "method", "this path takes POST")
      reply.headers.append(("Allow", "POST"))
      return answer(reply)
    }
    switch verb {
    case "train": withModel(name, answer) { train($0, request, answer) }
    case "score": withModel(name, answer) { score($0, request, answer) }
    case "load":
      perform(answer) { () throws(ServiceError) in StatusReport.description(of: try await models.load(name)) }
    case "unload":
      perform(answer) { () throws(ServiceError) in
        try await models.unload(name)
        return "{}"
      }
    case "freeze":
      perform(answer) { () throws(ServiceError) in
        let model = try await models.model(name)
        await model.freeze()
        return StatusReport.description(of: model)
      }
    case "thaw":
      perform(answer) { () throws(ServiceError) in
        let model = try await models.model(name)
        model.thaw()
        return StatusReport.description(of: model)
      }
    default: answer(Self.notFound)
    }
  }

  private func perform(_ answer: @escaping Answer, _ body: @escaping @Sendable () async throws(ServiceError) -> String)
  {
    Task {
      do throws(ServiceError) { answer(.json(try await body())) } catch { answer(WebReply(error)) }
    }
  }

  /// Finds the model at once if it is loaded, and otherwise loads it first.
  private func withModel(
    _ name: String, _ answer: @escaping Answer, _ body: @escaping @Sendable (ServedModel) -> Void
  ) {
    if let model = models.loadedModel(name) { return body(model) }
    Task {
      do throws(ServiceError) { body(try await models.model(name)) } catch { answer(WebReply(error)) }
    }
  }
}

extension WebService {
  private func train(_ model: ServedModel, _ request: WebRequest, _ answer: @escaping Answer) {
    do throws(ServiceError) {
      let body = try BatchBody(request, labelWidth: model.labelWidth)
      let train = TrainRequest(
        batch: try body.batch(for: model), source: try body.sourceRange(), deadline: body.deadline)
      model.train(train) { result in
        switch result {
        case .success(let reply): answer(.json(Self.text(of: reply)))
        case .failure(let error): answer(WebReply(error))
        }
      }
    } catch {
      answer(WebReply(error))
    }
  }

  private func score(_ model: ServedModel, _ request: WebRequest, _ answer: @escaping Answer) {
    let isBinary = request.headers.first(name: "accept")?.contains("application/octet-stream") ?? false
    do throws(ServiceError) {
      let body = try BatchBody(request, labelWidth: 0)
      let score = ScoreRequest(
        batch: try body.batch(for: model), minimumVersion: body.minimumVersion, deadline: body.deadline)
      model.score(score) { result in
        switch result {
        case .success(let reply): answer(isBinary ? Self.array(of: reply) : .json(Self.text(of: reply)))
        case .failure(let error): answer(WebReply(error))
        }
      }
    } catch {
      answer(WebReply(error))
    }
  }

  private static func text(of reply: TrainReply) -> String {
    var metrics = ObjectText()
    for metric in reply.metrics { metrics.add(metric.name, metric.value) }
    var text = ObjectText()
    text.add("version", reply.version)
    text.add("loss", Double(reply.loss))
    text.add("metrics", metrics)
    text.add("duplicate", reply.isDuplicate)
    text.add("step_microseconds", reply.stepMicroseconds)
    return text.text
  }

  /// `probabilities` has a number per example, or a row of them where there are classes; then `classes` has the most
  /// probable of each.
  private static func text(of reply: ScoreReply) -> String {
    var text = ObjectText()
    text.add("version", reply.version)
    guard reply.classes > 1 else {
      text.add("probabilities", reply.probabilities)
      return text.text
    }
    let rows: [[Float]] = stride(from: 0, to: reply.probabilities.count, by: reply.classes).map {
      Array(reply.probabilities[$0..<$0 + reply.classes])
    }
    let best: [Int] = rows.map { row in row.indices.max { row[$0] < row[$1] }! }
    text.add("classes", best)
    text.add("probabilities", rows)
    return text.text
  }

  private static func array(of reply: ScoreReply) -> WebReply {
    let rows = reply.probabilities.count / reply.classes
    let array = NpyArray(
      shape: reply.classes > 1 ? [rows, reply.classes] : [rows], values: .float32(reply.probabilities))
    return WebReply(
      status: .ok, contentType: "application/octet-stream", body: NpyFile.encode(array),
      headers: [("X-Onlearn-Version", String(reply.version))])
  }
}
