public import NIOCore
public import Wire

/// The ways to all servers of a cluster, in the order of their shards.
///
/// A thread that trains asks and waits; what is asked of several servers is under way at the same time.
public protocol ServerLinks: Sendable {
  /// The number of servers.
  var count: Int { get }

  /// What a server is called in messages to people.
  func name(of shard: Int) -> String

  /// Asks the servers and waits for their answers.
  ///
  /// - Parameters:
  ///   - requests: What each server is asked, or nil.
  ///   - arriving: Is shown what has come of an answer while the rest is on its way, if the links see that.
  /// - Returns: The answer of each server that was asked.
  func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?]

  /// The updates that servers had acknowledged and then lost with their power.
  var lostUpdates: UInt64 { get }

  /// The largest payload that all servers take and give, as they said last; the usual one before they said anything.
  var payloadLimit: Int { get }
}

/// What has come of an answer of which more is on its way; nothing of it is known to be right yet.
public struct ArrivingAnswer {
  /// The server's shard.
  public var shard: Int
  /// The number of the request, which is another one whenever it is sent.
  public var requestID: UInt64
  /// The bytes. Whoever keeps them makes the rest come to a copy of them.
  public var payload: ByteBuffer

  /// The part of an answer of `shard`.
  package init(shard: Int, requestID: UInt64, payload: ByteBuffer) {
    self.shard = shard
    self.requestID = requestID
    self.payload = payload
  }
}

extension ServerLinks {
  /// Asks the servers and waits for their answers.
  package func call(_ requests: [ServerRequest?]) throws(ClientError) -> [Frame?] { try call(requests) { _ in } }

  /// Asks one server.
  func call(_ shard: Int, _ request: ServerRequest) throws(ClientError) -> Frame {
    var requests = [ServerRequest?](repeating: nil, count: count)
    requests[shard] = request
    guard let answer = try call(requests)[shard] else { preconditionFailure("no answer of shard \(shard)") }
    return answer
  }

  /// The answers in `results`, or the first failure.
  package func results(_ results: [Result<Frame, ClientError>?]) throws(ClientError) -> [Frame?] {
    var answers: [Frame?] = []
    for result in results { answers.append(try result?.get()) }
    return answers
  }

  /// The answers of all servers as `read` reads them.
  func reading<Answer>(
    _ answers: [Frame?], _ read: (ByteBuffer) throws(Refusal) -> Answer
  ) throws(ClientError) -> [Answer] {
    var results: [Answer] = []
    for (shard, answer) in answers.enumerated() {
      results.append(try reading(shard) { () throws(Refusal) in try read(answer!.payload) })
    }
    return results
  }

  /// The answer of `shard` as `read` reads it.
  func reading<Answer>(
    _ shard: Int, _ read: () throws(Refusal) -> Answer
  ) throws(ClientError) -> Answer {
    do throws(Refusal) {
      return try read()
    } catch {
      throw .invalidAnswer(server: name(of: shard), problem: error.text)
    }
  }
}
