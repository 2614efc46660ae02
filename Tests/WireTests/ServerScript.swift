import NIOCore
import Wire

/// A server's connection without a socket: bytes go in, steps come out, at a time of the test's choice.
struct ServerScript {
  typealias Step = ServerConnection.Step

  var machine: ServerConnection
  var load: ServerLoad
  var now = Instant()
  /// What arrived and was not used yet.
  var input = ByteBuffer()
  /// Where every client's session stands.
  var session = SessionState(lastAppliedSequence: 7, number: 3)
  /// Whether the client takes at once what it is sent.
  var isTaking = true
  /// Why no client may come in.
  var refusal: Refusal?

  static let identity = ServerIdentity(storeID: Identifier(bytes: Array(0x10...0x1F)), bootID: 7)
  static let key = SharedKey(id: "k1", role: .worker, secret: [UInt8](repeating: 0x0B, count: 32))

  init(limits: Limits = Limits(), keys: [SharedKey] = [], nonce: UInt8 = 0x50) {
    machine = ServerConnection(
      limits: limits, keys: KeyRing(keys), nonce: [UInt8](repeating: nonce, count: 32), now: Instant())
    load = ServerLoad(limits: limits)
  }

  /// One that is ready, without keys.
  static func ready(
    limits: Limits = Limits(), role: Role = .worker, receiveLimit: Int = 64 << 20, features: Features = []
  ) -> ServerScript {
    var script = ServerScript(limits: limits)
    _ = script.send(.hello(role: role, receiveLimit: receiveLimit, features: features))
    _ = script.send(Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)))
    precondition(script.machine.isReading)
    return script
  }

  /// What there is to do after `frame` has arrived.
  mutating func send(_ frame: Frame) -> [Step] { send(frame.bytes) }

  /// What there is to do after `bytes` have arrived.
  mutating func send(_ bytes: [UInt8]) -> [Step] {
    input.writeBytes(bytes)
    return steps()
  }

  /// What there is to do after some time.
  mutating func wait(_ time: Duration) -> [Step] {
    now = now + time
    return steps()
  }

  /// What there is to do now; clients are let in if nothing speaks against it.
  mutating func steps() -> [Step] {
    var steps: [Step] = []
    while let step = machine.next(from: &input, identity: Self.identity, load: &load, now: now) {
      steps.append(step)
      if case .welcome = step {
        if let refusal {
          machine.end(refusal)
        } else {
          steps.append(.send(machine.welcome(session, now: now)))
        }
      }
    }
    if isTaking { machine.noteOutput(waiting: 0, load: &load, now: now) }
    return steps
  }

  /// Answers a request.
  mutating func reply(_ requestID: UInt64, byteCount: Int = 0) -> Frame? {
    machine.reply(
      Frame(.pull, flags: .response, requestID: requestID, payload: .filled(byteCount)), load: &load, now: now)
  }
}

extension MessageType {
  /// Some request of a service.
  static let pull = MessageType(rawValue: 0x12)
}

extension ByteBuffer {
  /// `count` bytes.
  static func filled(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x5A, count: count) }
}

extension Frame {
  /// A request of a service.
  static func pull(_ requestID: UInt64, byteCount: Int = 0) -> Frame {
    Frame(.pull, requestID: requestID, payload: .filled(byteCount))
  }

  /// The frame as it is and its header as `change` leaves it, with the right checksum.
  func changed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = bytes
    change(&bytes)
    return bytes.withHeaderChecksum
  }

  /// The first frame of a client.
  static func hello(
    role: Role = .worker, key: String = "", client: UInt8 = 0, receiveLimit: Int = 64 << 20, features: Features = [],
    versions: ClosedRange<UInt8> = 1...1
  ) -> Frame {
    Frame(.hello, payload: Hello.test(role, key, client, receiveLimit, features, versions).payload)
  }
}

extension Hello {
  /// A hello with a fixed nonce.
  static func test(
    _ role: Role = .worker, _ key: String = "", _ client: UInt8 = 0, _ receiveLimit: Int = 64 << 20,
    _ features: Features = [], _ versions: ClosedRange<UInt8> = 1...1
  ) -> Hello {
    Hello(
      role: role, clientID: Identifier(bytes: [UInt8](repeating: client, count: 16)), nonce: Array(0xC0...0xDF),
      keyID: key, receiveLimit: receiveLimit, features: features, versions: versions, build: "test")
  }
}

extension [UInt8] {
  /// The same bytes; those of the header's checksum are as they must be.
  var withHeaderChecksum: [UInt8] {
    let checksum = ByteBuffer(bytes: self).checksum(at: 0, length: 28)
    return self[..<28] + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + self[32...]
  }
}

extension ServerConnection.Step {
  /// The error with which the connection ends.
  var ending: Refusal? {
    guard case .finish(let frame?) = self else { return nil }
    return frame.refusal
  }

  /// The frame that is sent.
  var sent: Frame? {
    guard case .send(let frame) = self else { return nil }
    return frame
  }

  /// The request that is handed on.
  var request: UInt64? {
    guard case .serve(let frame) = self else { return nil }
    return frame.header.requestID
  }
}

extension Frame {
  /// The error that the frame carries.
  var refusal: Refusal? {
    header.flags.contains([.response, .error]) ? try? Refusal(reading: payload) : nil
  }
}
