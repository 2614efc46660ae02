import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Who may ask for what: a token where one is needed, and no pages of other sites.
///
/// A page may come from a name that its owner points to this machine, so that it is not of another site for a browser:
/// where there is no token, nothing is changed for who has such a name for us.
struct AccessControl: Sendable {
  private let token: String?
  private let host: String

  /// Asks for `token`, as `Authorization: Bearer TOKEN` or as the password of basic authentication, which browsers
  /// know. Health needs none.
  ///
  /// - Parameter host: The name or address that the server listens at.
  init(token: String?, host: String) {
    self.token = token
    self.host = host.lowercased()
  }

  /// The answer to a request that is not welcome, nil for one that is.
  func refusal(of head: HTTPRequestHead) -> WebReply? {
    if let origin = head.headers.first(name: "origin"), !Self.isOwn(origin, host: head.headers.first(name: "host")) {
      return .refusal(.forbidden, "origin", "requests from pages of other sites are refused")
    }
    guard let token else { return mayBeTricked(into: head) ? Self.foreignName : nil }
    guard head.uri != "/healthz", head.uri != "/readyz" else { return nil }
    if let found = Self.secret(head.headers.first(name: "authorization") ?? ""), Self.areEqual(found, token) {
      return nil
    }
    var reply = WebReply.refusal(.unauthorized, "unauthorized", "a token is needed: Authorization: Bearer TOKEN")
    reply.headers.append(("WWW-Authenticate", "Basic realm=\"onlearn\""))
    return reply
  }

  /// Whether the request changes something, and has a name for us that anybody could have pointed here.
  private func mayBeTricked(into head: HTTPRequestHead) -> Bool {
    guard head.method != .GET, head.method != .HEAD else { return false }
    let name = Self.name(head.headers.first(name: "host") ?? "")
    return name != "localhost" && name != host && (try? SocketAddress(ipAddress: name, port: 0)) == nil
  }

  /// The name or address in `NAME`, `NAME:PORT` or `[ADDRESS]:PORT`.
  private static func name(_ host: String) -> String {
    let host = host.lowercased()
    return host.hasPrefix("[") ? String(host.dropFirst().prefix { $0 != "]" }) : String(host.prefix { $0 != ":" })
  }

  private static let foreignName = WebReply.refusal(
    .forbidden, "host",
    "without a token, changes are made only for who asks for an IP address, localhost or the name in --http: use "
      + "http://127.0.0.1, or start the server with --http-token-file")

  private static func isOwn(_ origin: String, host: String?) -> Bool {
    guard let host else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  private static func secret(_ authorization: String) -> String? {
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    switch parts[0].lowercased() {
    case "bearer": return String(parts[1])
    case "basic":
      guard let data = Data(base64Encoded: String(parts[1])) else { return nil }
      return String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1).last.map(String.init)
    default: return nil
    }
  }

  /// Compares in a time that does not tell where two texts differ.
  private static func areEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
