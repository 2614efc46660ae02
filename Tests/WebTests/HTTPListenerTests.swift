import Foundation
import NIOCore
import NIOPosix
import Serve
import Testing
import Web

@Suite struct `The HTTP listener` {
  private static let train = "/v1/models/mlp_small:train"
  private static let score = "/v1/models/mlp_small:score"

  /// One example of the small perceptron.
  private static let x = "[" + (0..<20).map { "0.\($0)" }.joined(separator: ", ") + "]"

  private func answer<Body: Decodable>(_ body: String, as type: Body.Type) throws -> Body {
    try JSONDecoder().decode(type, from: Data(body.utf8))
  }

  private struct Trained: Decodable {
    var version: UInt64
    var loss: Double?
    var metrics: [String: Double]
    var duplicate: Bool
    var step_microseconds: UInt32
  }

  private struct Scored: Decodable {
    var version: UInt64
    var classes: [Int]
    var probabilities: [[Double]]
  }

  private struct Refused: Decodable {
    struct Reason: Decodable {
      var kind: String
      var message: String
      var detail: UInt64?
    }
    var error: Reason
  }

  @Test func `trains and scores with JSON`() async throws {
    let client = try await RawClient()
    let trained = try await client.post(Self.train, "{\"x\": [\(Self.x), \(Self.x)], \"y\": [1, 3]}")
    #expect(trained.status == 200, "\(trained.body)")
    let reply = try answer(trained.body, as: Trained.self)
    #expect(reply.version == 1 && reply.loss ?? 0 > 0 && !reply.duplicate && reply.step_microseconds > 0)
    #expect(reply.metrics.keys.contains("window.loss"))
    let scored = try await client.post(Self.score, "{\"x\": [\(Self.x)], \"min_version\": 1}")
    let scores = try answer(scored.body, as: Scored.self)
    #expect(scores.version == 1 && scores.classes.count == 1 && scores.probabilities[0].count == 5)
    await client.stop()
  }

  @Test func `applies a batch of a stream once`() async throws {
    let client = try await RawClient()
    let body = "{\"x\": [\(Self.x)], \"y\": [[2]], \"source\": \"clicks\", \"begin\": 0, \"end\": 1}"
    #expect(try answer(try await client.post(Self.train, body).body, as: Trained.self).duplicate == false)
    let again = try answer(try await client.post(Self.train, body).body, as: Trained.self)
    #expect(again.duplicate && again.version == 1 && again.loss == nil)
    let gap = try await client.post(
      Self.train, "{\"x\": [\(Self.x)], \"y\": [2], \"source\": \"clicks\", \"begin\": 7, \"end\": 8}")
    #expect(gap.status == 409)
    #expect(try answer(gap.body, as: Refused.self).error.detail == 1)
    let offset = try await client.request("GET", "/v1/models/mlp_small:offset?source=clicks")
    #expect(offset.status == 200 && offset.body == "{\"offset\": 1}\n")
    #expect(try await client.request("GET", "/v1/models/mlp_small:offset?source=x").body == "{\"offset\": null}\n")
    await client.stop()
  }

  @Test func `takes and gives .npy arrays`() async throws {
    let client = try await RawClient()
    let rows: [Float] = (0..<3).flatMap { row in (0..<21).map { $0 == 20 ? Float(row) : Float($0) / 20 } }
    let train = NpyFile.encode(NpyArray(shape: [3, 21], values: .float32(rows)))
    let trained = try await client.request(
      "POST", Self.train + "?source=a&begin=0&end=3", train, type: "application/octet-stream")
    #expect(trained.status == 200, "\(trained.body)")
    let score = NpyFile.encode(NpyArray(shape: [2, 20], values: .float32([Float](repeating: 0.5, count: 40))))
    let scored = try await client.request(
      "POST", Self.score + "?min_version=1", score, type: "application/octet-stream",
      headers: ["Accept": "application/octet-stream"])
    #expect(scored.status == 200)
    #expect(scored.head.contains("X-Onlearn-Version: 1"))
    #expect(scored.body.contains("'shape': (2, 5)"))
    await client.stop()
  }

  @Test func `takes the numbers of all examples one after another`() async throws {
    let client = try await RawClient()
    let numbers = Self.x.dropFirst().dropLast()
    let trained = try await client.post(Self.train, "{\"x\": [\(numbers), \(numbers)], \"y\": [1, 3]}")
    #expect(trained.status == 200, "\(trained.body)")
    let scored = try await client.post(Self.score, "{\"x\": \(Self.x)}")
    #expect(try answer(scored.body, as: Scored.self).probabilities.map(\.count) == [5])
    let short = try await client.post(Self.score, "{\"x\": [1, 2]}")
    #expect(short.status == 422 && short.body.contains("2 numbers in x; expected 20 for each example"))
    await client.stop()
  }

  @Test(arguments: ["source=q&begin=0&end=1", "min_version=0", "x"])
  func `refuses a query beside JSON, which would not count`(_ query: String) async throws {
    let client = try await RawClient()
    let refused = try await client.post("\(Self.train)?\(query)", "{\"x\": [\(Self.x)], \"y\": [1]}")
    #expect(refused.status == 400)
    #expect(try answer(refused.body, as: Refused.self).error.kind == "malformed")
    #expect(try await client.models.model("mlp_small").version == 0)
    await client.stop()
  }

  @Test func `refuses parameters of the query that it does not know, or has twice`() async throws {
    let client = try await RawClient()
    let batch = NpyFile.encode(NpyArray(shape: [1, 21], values: .float32([Float](repeating: 1, count: 21))))
    for query in ["sauce=a", "source=a&begin=0&end=1&end=2"] {
      let path = "\(Self.train)?\(query)"
      #expect(try await client.request("POST", path, batch, type: "application/octet-stream").status == 400, "\(query)")
    }
    #expect(try await client.request("GET", "/v1/models/mlp_small:offset?source=a&sauce=b").status == 400)
    #expect(try await client.models.model("mlp_small").version == 0)
    await client.stop()
  }

  @Test(arguments: [
    ("{\"x\": [[1, 2]], \"y\": [1]}", 422, "bad_batch"), ("{\"x\": [X], \"y\": [5]}", 422, "bad_batch"),
    ("{\"x\": [X], \"y\": [1, 2]}", 400, "malformed"), ("{\"x\": [X]}", 422, "bad_batch"),
    ("{\"x\": [X, [1]], \"y\": [1, 2]}", 400, "malformed"), ("{\"x\": [], \"y\": []}", 400, "malformed"),
    ("{\"x\": [X], \"y\": [1], \"z\": 1}", 400, "malformed"), ("{\"x\": [X], \"y\": [1]", 400, "malformed"),
    ("{\"x\": [X], \"y\": [NaN]}", 422, "bad_batch"), ("[]", 400, "malformed"), ("{}", 400, "malformed"),
    ("{\"x\": [X], \"y\": [1], \"source\": \"s\"}", 400, "malformed"),
    ("{\"x\": [X], \"y\": [1], \"source\": \"s\", \"begin\": 2, \"end\": 2}", 400, "malformed"),
    ("{\"x\": [X], \"y\": [1], \"deadline_ms\": 0}", 504, "deadline"),
  ])
  func `refuses a wrong batch with a kind and a sentence, and does not change`(
    _ body: String, _ status: Int, _ kind: String
  ) async throws {
    let client = try await RawClient()
    let refused = try await client.post(Self.train, body.replacingOccurrences(of: "X", with: Self.x))
    #expect(refused.status == status, "\(refused.body)")
    let reason = try answer(refused.body, as: Refused.self).error
    #expect(reason.kind == kind && !reason.message.isEmpty)
    #expect(try await client.models.model("mlp_small").version == 0)
    await client.stop()
  }

  @Test(arguments: [
    ("GET", "/nowhere", 404), ("GET", "/v1/models/nobody", 404), ("POST", "/v1/models/nobody:train", 404),
    ("POST", "/v1/models/..%2Fsecret:load", 404), ("POST", "/v1/models/mlp_small:dance", 404),
    ("GET", "/v1/models/mlp_small:train", 405), ("POST", "/metrics", 405), ("GET", "/%zz", 400),
    ("POST", "/v1/models/mlp_small:train", 400),
  ])
  func `refuses what it does not serve`(_ method: String, _ path: String, _ status: Int) async throws {
    let client = try await RawClient()
    #expect(try await client.request(method, path).status == status)
    await client.stop()
  }

  @Test func `freezes, thaws, unloads and loads on command`() async throws {
    let client = try await RawClient()
    let body = "{\"x\": [\(Self.x)], \"y\": [1]}"
    #expect(try await client.post("/v1/models/mlp_small:freeze", "").body.contains("\"frozen\": true"))
    #expect(try await client.post(Self.train, body).status == 409)
    #expect(try await client.post("/v1/models/mlp_small:thaw", "").status == 200)
    #expect(try await client.post(Self.train, body).status == 200)
    #expect(try await client.post("/v1/models/mlp_small:unload", "").status == 200)
    #expect(try await client.post(Self.train, body).status == 404)
    #expect(try await client.post("/v1/models/mlp_small:load", "").body.contains("\"features\": 20"))
    #expect(try await client.post(Self.train, body).status == 200)
    await client.stop()
  }

  @Test func `shows health, what is served, and metrics`() async throws {
    let client = try await RawClient()
    _ = try await client.post(Self.train, "{\"x\": [\(Self.x)], \"y\": [1]}")
    #expect(try await client.request("GET", "/healthz").status == 200)
    #expect(try await client.request("GET", "/readyz").status == 200)
    #expect(try await client.request("GET", "/v1/models").body.contains("\"name\": \"mlp_small\", \"loaded\": true"))
    let metrics = try await client.request("GET", "/metrics").body
    #expect(metrics.contains("onlearn_trained_batches_total{model=\"mlp_small\"} 1\n"))
    #expect(metrics.contains("# TYPE onlearn_step_seconds histogram"))
    try await client.models.drain()
    #expect(try await client.request("GET", "/readyz").status == 503)
    await client.stop()
  }

  @Test func `shows a page whose numbers need no JavaScript, and that asks nobody else for anything`() async throws {
    let client = try await RawClient()
    #expect(try await client.request("GET", "/").body.contains("<td colspan=\"10\">No model is loaded.</td>"))
    _ = try await client.post(Self.train, "{\"x\": [\(Self.x)], \"y\": [1]}")
    let page = try await client.request("GET", "/")
    #expect(page.status == 200)
    #expect(page.head.contains("Content-Security-Policy: default-src 'none'"))
    #expect(page.body.contains("<th scope=\"row\">mlp_small</th><td>1</td>"))
    #expect(!page.body.contains("https://") && !page.body.contains("src="))
    await client.stop()
  }

  @Test func `asks for a token where there is one, but not for health`() async throws {
    var options = HTTPListener.Options()
    options.token = "0123456789abcdef"
    let client = try await RawClient(options)
    #expect(try await client.request("GET", "/v1/models").status == 401)
    #expect(try await client.request("GET", "/healthz").status == 200)
    let wrong = ["Authorization": "Bearer 0123456789abcdee"]
    #expect(try await client.request("GET", "/v1/models", headers: wrong).status == 401)
    let bearer = ["Authorization": "Bearer 0123456789abcdef"]
    #expect(try await client.request("GET", "/v1/models", headers: bearer).status == 200)
    let basic = ["Authorization": "Basic " + Data("me:0123456789abcdef".utf8).base64EncodedString()]
    #expect(try await client.request("GET", "/v1/models", headers: basic).status == 200)
    await client.stop()
  }

  @Test func `refuses requests from pages of other sites`() async throws {
    let client = try await RawClient()
    let foreign = ["Origin": "http://evil.example"]
    #expect(try await client.request("POST", "/v1/models/mlp_small:freeze", headers: foreign).status == 403)
    #expect(try await client.request("GET", "/v1/status", headers: ["Origin": "http://localhost"]).status == 200)
    await client.stop()
  }

  @Test func `changes nothing for who reaches it by a name that anybody could point here`() async throws {
    let client = try await RawClient()
    let freeze = "/v1/models/mlp_small:freeze"
    for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""] {
      #expect(try await client.request("POST", freeze, host: host).status == 403, "\(host)")
    }
    #expect(try await client.request("GET", "/v1/models", host: "evil.example").status == 200)
    for host in ["LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "192.0.2.1"] {
      #expect(try await client.request("POST", freeze, host: host).status == 200, "\(host)")
    }
    await client.stop()
    var options = HTTPListener.Options()
    options.token = "0123456789abcdef"
    let safe = try await RawClient(options)
    let bearer = ["Authorization": "Bearer 0123456789abcdef"]
    #expect(try await safe.request("POST", freeze, headers: bearer, host: "models.example").status == 200)
    await safe.stop()
  }

  @Test func `does not listen beyond this machine without a token`() async throws {
    let client = try await RawClient()
    let open = HTTPListener(client.models, metrics: PrometheusMetrics(), group: .singletonMultiThreadedEventLoopGroup)
    await #expect(throws: HTTPListenerError.self) { try await open.start(host: "0.0.0.0", port: 0) }
    await client.stop()
  }

  @Test func `refuses a body that is too large, before it comes`() async throws {
    var options = HTTPListener.Options()
    options.bodyLimit = 1000
    let client = try await RawClient(options)
    let announced = "POST \(Self.train) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n"
    #expect(try await client.exchange(announced).hasPrefix("HTTP/1.1 413"))
    let chunk = String(repeating: "7", count: 0x400)
    let chunked =
      "POST \(Self.train) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n\(chunk)\r\n0\r\n\r\n"
    #expect(try await client.exchange(chunked).hasPrefix("HTTP/1.1 413"))
    await client.stop()
  }

  @Test func `closes a connection that is too slow`() async throws {
    var options = HTTPListener.Options()
    options.patience = .milliseconds(300)
    let client = try await RawClient(options)
    #expect(try await client.exchange("POST \(Self.train) HTTP/1.1\r\nContent-Le") == "")
    let slow = "POST \(Self.train) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
    #expect(try await client.exchange(slow) == "")
    await client.stop()
  }

  /// Makes an answer so long that no buffer of the system holds it.
  private static let much = ["much": String(repeating: "x", count: 32 << 20)]

  /// A connection that has asked for ``much``, and taken the beginning of the answer.
  private static func beginReading(of client: RawClient) async throws -> SlowReader {
    let reader = try await client.connect()
    try await reader.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try await reader.readBeginning()
    return reader
  }

  @Test func `sends all of an answer to a client that is slow to read it`() async throws {
    var options = HTTPListener.Options()
    options.patience = .seconds(1)
    let client = try await RawClient(options, help: Self.much)
    let reader = try await Self.beginReading(of: client)
    try await Task.sleep(for: .milliseconds(1500))
    let answer = try await reader.readToEnd()
    #expect(answer.utf8.count > 32 << 20)
    await client.stop()
  }

  @Test func `stops when answers that are on their way have arrived`() async throws {
    let client = try await RawClient(help: Self.much)
    let reader = try await Self.beginReading(of: client)
    async let stop: Void = client.stop(patience: .seconds(20))
    try await Task.sleep(for: .milliseconds(100))
    let answer = try await reader.readToEnd()
    #expect(answer.utf8.count > 32 << 20)
    await stop
  }

  @Test func `lets a client go that takes nothing of an answer for a while`() async throws {
    var options = HTTPListener.Options()
    options.stallLimit = .milliseconds(100)
    let client = try await RawClient(options, help: Self.much)
    let reader = try await Self.beginReading(of: client)
    let start = ContinuousClock.now
    await client.stop(patience: .seconds(20))
    #expect(ContinuousClock.now - start < .seconds(15))
    let answer = try await reader.readToEnd()
    #expect(answer.utf8.count < 32 << 20)
  }

  @Test func `answers requests that come one behind the other, in order`() async throws {
    let client = try await RawClient()
    let requests = ["/healthz", "/nowhere", "/readyz"].map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    let answers = try await client.exchange(requests.joined() + last).components(separatedBy: "HTTP/1.1 ")
    #expect(answers.dropFirst().map { String($0.prefix(3)) } == ["200", "404", "200", "200"])
    await client.stop()
  }

  @Test func `survives noise, and serves others meanwhile`() async throws {
    let client = try await RawClient()
    var generator = SystemRandomNumberGenerator()
    let valid = Array(
      "POST \(Self.train) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{\"x\": []}"
        .utf8)
    for round in 0..<200 {
      var bytes = valid
      switch round % 3 {
      case 0: bytes = (0..<Int.random(in: 1..<400)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      case 1: bytes[Int.random(in: 0..<bytes.count)] ^= UInt8.random(in: 1...255, using: &generator)
      default: bytes.removeLast(Int.random(in: 1..<bytes.count))
      }
      let channel = Task { try await client.exchange(bytes + Array("\r\n\r\n\u{0}\r\n\r\n".utf8)) }
      if round % 20 == 0 { #expect(try await client.request("GET", "/healthz").status == 200) }
      channel.cancel()
    }
    #expect(try await client.models.model("mlp_small").version == 0)
    await client.stop()
  }
}
