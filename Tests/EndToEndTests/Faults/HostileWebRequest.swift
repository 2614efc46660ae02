import NIOCore
import TestSupport
import Transport

/// Something that no honest client does to the HTTP listener of a train server, and the status it gets.
struct HostileWebRequest: Sendable {
  var text: String
  /// The status; nil stands for a connection that is closed without a word.
  var statuses: Set<Int?>

  private init(_ text: String, _ statuses: Int?...) { (self.text, self.statuses) = (text, Set(statuses)) }

  /// `body`, posted to the model for `verb`.
  private static func post(_ body: String, to verb: String = "train", _ status: Int) -> HostileWebRequest {
    let type = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)"
    return HostileWebRequest(get("\(model):\(verb)", "POST", type) + body, status)
  }

  private static let model = "/v1/models/\(CountingModel.name)"

  /// All of them.
  static let all: [HostileWebRequest] = [
    .init("", nil), .init("\u{16}\u{3}\u{1}\u{2}", 400, nil), .init("GET\r\n\r\n", 400, nil),
    .init("GET / HTTP/9.9\r\n\r\n", 400, 505, nil), .init(get("/nowhere"), 404), .init(get("/%zz"), 400),
    .init(get("/v1/models/..%2Fsecret"), 404), .init(get("\(model):train"), 405),
    .init(get("\(model):dance", "POST"), 404),
    .init(get("/metrics", "POST"), 405), .init(get("/", "GET", "Origin: http://evil.example"), 403),
    .init("POST \(model):freeze HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
    .init(get("\(model):train", "POST", "Content-Length: 99999999999"), 413, 400, nil),
    .init(get("\(model):train", "POST", "Content-Length: -1"), 400, nil),
    .init(get("\(model):train", "POST", "Transfer-Encoding: chunked") + "zz\r\n", 400, nil),
    .init(get("/", "GET", "X: " + String(repeating: "a", count: 200_000)), 400, 431, nil),
    .post("[]", 400), .post("{}", 400), .post("{\"x\": [[1, 1]], \"y\": [1]", 400),
    .post(String(repeating: "[", count: 20_000), 400), .post("{\"x\": [[1]], \"y\": [1]}", 422),
    .post("{\"x\": [[1, 1]], \"y\": [NaN]}", 422), .post("{\"x\": [[1, NaN]], \"y\": [1]}", 422),
    .post("{\"x\": [[1, 1e99]], \"y\": [1]}", 422), .post("{\"x\": [[1, 1], [1]], \"y\": [1, 1]}", 400),
    .post("{\"x\": [], \"y\": []}", 400), .post("{\"x\": [[1, 1]], \"y\": [1], \"z\": 0}", 400),
    .post("{\"x\": [[1, 1]], \"y\": [1], \"source\": \"\", \"begin\": 9, \"end\": 9}", 400),
    .post("{\"x\": [[1, 1]], \"min_version\": 1e12}", to: "score", 400),
    .post("{\"x\": [[1, 1]], \"min_version\": 1000000000}", to: "score", 409),
  ]

  private static func get(_ path: String, _ method: String = "GET", _ header: String = "X: 1") -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(header)\r\n\r\n"
  }

  /// Makes it at `address`.
  ///
  /// - Returns: What is wrong with the server's answer.
  func make(at address: Address) async throws -> String? {
    var client = try await RawClient(to: address)
    client.send(Array(text.utf8))
    if statuses.contains(nil) { client.endOutput() }
    let answer = await client.text()
    let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return statuses.contains(status) ? nil : "\(text.prefix(200)): \(answer.prefix(200))"
  }
}
