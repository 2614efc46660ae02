import Foundation
import Kernels
import NIOCore
import Testing
import Wire

/// Hostile streams against both ends of a connection; `make soak` takes twenty times as many.
@Suite struct `A million hostile streams` {
  #if DEBUG
    private static let count = 20_000
  #else
    private static let count = ProcessInfo.processInfo.environment["SOAK"] == nil ? 1_000_000 : 20_000_000
  #endif

  /// How a conversation ended.
  private enum Ending: Hashable, Sendable {
    /// The server waits for more.
    case open(inHandshake: Bool)
    case refused(ErrorCode)
    case broken(String)
  }

  /// Runs `body` for each seed on two tasks, and counts what it returns.
  private static func count(
    _ seeds: Range<Int>, _ body: @escaping @Sendable (UInt64) -> Ending
  ) async -> [Ending: Int] {
    await withTaskGroup(of: [Ending: Int].self) { group in
      for half in 0..<2 {
        group.addTask {
          var endings: [Ending: Int] = [:]
          for seed in stride(from: seeds.lowerBound + half, to: seeds.upperBound, by: 2) {
            endings[body(UInt64(seed)), default: 0] += 1
          }
          return endings
        }
      }
      return await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
  }

  /// What a server's connection makes of the stream number `seed`.
  private static func serve(_ seed: UInt64) -> Ending {
    var random = SplitMix64(seed: ~seed)
    var stream = HostileStream(seed: seed)
    var script = ServerScript()
    var (isIn, end, pending) = (false, Ending?.none, [UInt64]())
    for piece in stream.pieces() {
      script.input.writeBytes(piece)
      if Int.random(in: 0..<8, using: &random) == 0 { script.now = script.now + .milliseconds(100) }
      for step in script.steps() {
        guard end == nil else { return .broken("seed \(seed): \(step) after the end") }
        switch step {
        case .welcome: isIn = true
        case .serve(let frame):
          guard isIn else { return .broken("seed \(seed): a request before the handshake") }
          pending.append(frame.header.requestID)
        case .finish(let frame): end = (frame?.refusal).map { .refused($0.code) } ?? .broken("seed \(seed): no reason")
        case .close: return .broken("seed \(seed): closed without a reason")
        case .send: break
        }
      }
      if Bool.random(using: &random) {
        for requestID in pending {
          let isAnswered = script.reply(requestID, byteCount: 10) != nil
          guard isAnswered == (end == nil) else { return .broken("seed \(seed): an answer is lost") }
        }
        pending = []
      }
    }
    let isShort = script.load.requestBytes > 65 << 20 || script.input.readableBytes > 0
    script.machine.closed(load: &script.load)
    guard !isShort, script.load.requestBytes == 0 else { return .broken("seed \(seed): bytes are kept") }
    return end ?? .open(inHandshake: !isIn)
  }

  @Test(.timeLimit(.minutes(60)))
  func `are served or refused by a server, and give back what they took`() async {
    let endings = await Self.count(0..<Self.count, Self.serve)
    #expect(endings.values.reduce(0, +) == Self.count)
    for (ending, number) in endings { if case .broken(let text) = ending { Issue.record("\(number) times: \(text)") } }
    // The streams reach every rule.
    let codes: [ErrorCode] = [
      .badMagic, .badHeaderChecksum, .unsupportedVersion, .frameTooLarge, .badPayloadChecksum, .reservedBits,
      .authenticationRequired, .malformed, .duplicateRequestID,
    ]
    for code in codes { #expect(endings[.refused(code), default: 0] > Self.count / 1000, "\(code): \(endings)") }
    for isEarly in [true, false] { #expect(endings[.open(inHandshake: isEarly), default: 0] > Self.count / 100) }
  }

  /// A server that answers, then goes mad.
  private static func listen(_ seed: UInt64) -> Ending {
    var random = SplitMix64(seed: ~seed)
    var client = ClientConnection(hello: .test(), now: Instant())
    var challenge = Challenge(
      storeID: ServerScript.identity.storeID, bootID: 7, nonce: [UInt8](repeating: 0x50, count: 32))
    challenge.keepaliveMilliseconds = UInt32.random(in: 0...20_000, using: &random)
    let answer = Authenticated(proof: Authenticated.noProof, lastAppliedSequence: 7, sessionNumber: 3)
    var bytes =
      Frame(.challenge, payload: challenge.payload).bytes + Frame(.authenticated, payload: answer.payload).bytes
    for requestID in 1...3 as ClosedRange<UInt64> {
      bytes += Frame(.pull, flags: .response, requestID: requestID, payload: .filled(20)).bytes
    }
    if random.next() & 1 == 0 {
      bytes += Refusal(.busy, "later").frame(answering: .pull, requestID: 4).bytes
    } else {
      bytes += Frame(.goAway, payload: GoAway().payload).bytes
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: bytes.indices, using: &random)
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let frame = place / 32 * 32
      if Bool.random(using: &random), frame + 32 <= bytes.count {
        bytes.replaceSubrange(frame..<frame + 32, with: Array(bytes[frame..<frame + 32]).withHeaderChecksum)
      }
    }
    var input = ByteBuffer(bytes: bytes)
    do throws(ConnectionError) {
      while let step = try client.next(from: &input, now: Instant()) {
        if case .ready = step {
          for requestID in 1...4 as ClosedRange<UInt64> { client.send(Frame.pull(requestID).header) }
        }
      }
    } catch {
      switch error {
      case .breach(let refusal), .refused(let refusal): return .refused(refusal.code)
      case .keyMissing: return .refused(.authenticationFailed)
      default: return .broken("seed \(seed): \(error)")
      }
    }
    return .open(inHandshake: !client.isReady)
  }

  @Test(.timeLimit(.minutes(60)))
  func `are heard or refused by a client`() async {
    let endings = await Self.count(0..<Self.count / 4, Self.listen)
    #expect(endings.values.reduce(0, +) == Self.count / 4)
    for (ending, number) in endings { if case .broken(let text) = ending { Issue.record("\(number) times: \(text)") } }
    for code in [ErrorCode.badMagic, .badHeaderChecksum, .badPayloadChecksum] {
      #expect(endings[.refused(code), default: 0] > Self.count / 1000, "\(code): \(endings)")
    }
    #expect(endings[.open(inHandshake: false), default: 0] > Self.count / 100)
  }
}
