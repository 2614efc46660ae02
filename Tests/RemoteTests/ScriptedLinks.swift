import NIOCore
import PS
import Synchronization
import Wire

/// Links to a server that gives the answers it was told to give, one after another, and notes what it was asked.
final class ScriptedLinks: ServerLinks {
  private let state: Mutex<(requests: [ServerRequest], answers: [ByteBuffer])>

  /// A server that gives `answers`.
  init(_ answers: [ByteBuffer]) { state = Mutex(([], answers)) }

  /// What was asked so far.
  var requests: [ServerRequest] { state.withLock { $0.requests } }

  let count = 1
  let lostUpdates: UInt64 = 0
  let payloadLimit = Limits().payload

  func name(of shard: Int) -> String { "the server" }

  func call(_ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void) -> [Frame?] {
    state.withLock { state in
      requests.map { request in
        guard let request else { return nil }
        state.requests.append(request)
        return Frame(request.type, flags: .response, payload: state.answers.removeFirst())
      }
    }
  }
}
