import Kernels
import NIOCore
import NIOHTTP1
import Serve

/// A request as routes see it: whole, its path and query apart.
struct WebRequest: Sendable {
  var method: HTTPMethod
  /// The path without the query, percent-decoded.
  var path: String
  /// The parameters of the query.
  var query: [String: String]
  var headers: HTTPHeaders
  var body: ByteBuffer

  /// Reads the head of a request; nil if the target is not a path, or says something twice.
  init?(_ head: HTTPRequestHead, body: ByteBuffer) {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, first.hasPrefix("/"), let path = Self.decoded(first) else { return nil }
    var query: [String: String] = [:]
    for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0]), let value = Self.decoded(sides.count > 1 ? sides[1] : "") else {
        return nil
      }
      guard query.updateValue(value, forKey: name) == nil else { return nil }
    }
    method = head.method
    self.path = path
    self.query = query
    headers = head.headers
    self.body = body
  }

  /// Checks that the query has no other parameters than `names`.
  func checkQuery(_ names: Set<String>) throws(ServiceError) {
    guard let other = query.keys.filter({ !names.contains($0) }).min() else { return }
    let expected = names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
    throw ServiceError(.malformed, "the query has a parameter '\(other.prefix(40))'; expected \(expected)")
  }

  private static func decoded(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let value = [UInt8](hexadecimal: String(decoding: rest.prefix(2), as: UTF8.self)), value.count == 1 else {
        return nil
      }
      bytes += value
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// An answer: a status, a type and a body.
struct WebReply: Sendable {
  var status: HTTPResponseStatus
  var contentType: String
  var body: [UInt8]
  /// Headers beside type and length.
  var headers: [(String, String)] = []

  static func json(_ text: String, status: HTTPResponseStatus = .ok) -> WebReply {
    WebReply(status: status, contentType: "application/json", body: Array((text + "\n").utf8))
  }

  static func text(_ text: String, status: HTTPResponseStatus = .ok) -> WebReply {
    WebReply(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }
}
