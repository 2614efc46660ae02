import Foundation
import Kernels
import NIOCore
import PS
import Remote
import Serve
import TestSupport
import Transport
import Wire

/// Something that no honest client does to a train server, and how the server may answer.
struct HostileRequest: Sendable {
  var name: String
  /// Whether the client goes through the handshake of OLP before.
  var isIn = true
  var bytes: [UInt8]
  /// The errors of OLP, one of which has to come; nil stands for a connection that is closed without a word.
  var answers: Set<ErrorCode?>

  private init(_ name: String, isIn: Bool = true, _ bytes: [UInt8], _ answers: Set<ErrorCode?>) {
    (self.name, self.isIn, self.bytes, self.answers) = (name, isIn, bytes, answers)
  }

  private init(_ name: String, isIn: Bool = true, _ frame: Frame, _ answer: ErrorCode?) {
    self.init(name, isIn: isIn, frame.bytes, [answer])
  }

  /// Makes it at `address`.
  ///
  /// - Returns: What is wrong with the server's answer.
  func make(at address: Address) async throws -> String? {
    var client = try await RawClient(to: address)
    if isIn {
      do { try await client.shakeHands() } catch is RawClient.HandshakeRefused {
        // A machine at its limit may let the deadline of the handshake pass.
        client = try await RawClient(to: address)
        try await client.shakeHands()
      }
    }
    client.send(bytes)
    if answers.contains(nil) { client.endOutput() }
    var answer: ErrorCode?
    while answer == nil, let frame = try await client.next() { answer = frame.refusal?.code }
    client.close()
    return answers.contains(answer) ? nil : "\(name): \(answer.map { "\($0)" } ?? "nothing")"
  }
}

// What is wrong with frames.
extension HostileRequest {
  /// Every row of the protocol's table of bad inputs that does not need time; what is random differs by `seed`.
  static func all(seed: UInt64) -> [HostileRequest] {
    var random = SplitMix64(seed: seed)
    func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
    let hello = Frame(.hello, payload: Hello().payload)
    let list = Frame(.listModels, requestID: 1)
    var damaged = list.bytes
    damaged[Int.random(in: 4..<28, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    var damagedPayload = train().bytes
    damagedPayload[40] ^= 1
    let tooLong = FrameHeader(type: .trainBatch, length: UInt32.random(in: (64 << 20 + 1)...(.max)), requestID: 1)
    return [
      HostileRequest("silence", isIn: false, [], [.handshakeTimeout, nil]),
      HostileRequest(
        "noise", isIn: false, noise(Int.random(in: 1...300, using: &random)), [.badMagic, .handshakeTimeout, nil]),
      HostileRequest("HTTP", isIn: false, Array("GET / HTTP/1.1\r\n\r\n".utf8), [.badMagic]),
      HostileRequest("TLS", isIn: false, [0x16, 3, 1, 2, 0, 1] + noise(100), [.badMagic]),
      HostileRequest("a request before the handshake", isIn: false, list, .authenticationRequired),
      HostileRequest("half a hello", isIn: false, hello.bytes.dropLast(9), [.handshakeTimeout, nil]),
      HostileRequest(
        "a hello that is too short", isIn: false, Frame(.hello, payload: ByteBuffer(bytes: [1])), .malformed),
      HostileRequest("a second hello", hello, .authenticationRequired),
      HostileRequest("a second proof", proof, .authenticationRequired),
      HostileRequest("another version", with(version: 2, list), [.unsupportedVersion]),
      HostileRequest(
        "a reserved flag", Frame(.listModels, flags: FrameFlags(rawValue: 1 << 9), requestID: 1), .reservedBits),
      HostileRequest("a damaged header", damaged, [.badHeaderChecksum]),
      HostileRequest("a damaged payload", damagedPayload, [.badPayloadChecksum]),
      HostileRequest("too long a payload", tooLong.bytes, [.frameTooLarge]),
      HostileRequest("half a frame", train().bytes.dropLast(20), [nil]),
      HostileRequest("an answer", Frame(.listModels, flags: .response, requestID: 1), .malformed),
      HostileRequest("no number", Frame(.listModels), .duplicateRequestID),
      HostileRequest("an unknown type", Frame(MessageType(rawValue: 0x7F), requestID: 1), .unknownType),
      HostileRequest(
        "a parameter server's request", Frame(.pushPull, requestID: 1, payload: .init(bytes: noise(99))), .unknownType),
    ] + batches(&random)
  }

  private static var proof: Frame { Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)) }

  private static func with(version: UInt8, _ frame: Frame) -> [UInt8] {
    var header = frame.headerBytes
    header.setInteger(version, at: 4)
    header.setInteger(header.checksum(at: 0, length: 28), at: 28, endianness: .little)
    return Array(header.readableBytesView)
  }
}

// What is wrong with batches.
extension HostileRequest {
  private static func batch(_ change: (inout Batch) -> Void = { _ in }) -> Batch {
    var batch = Batch(examples: 4, x: [Float](repeating: 1, count: 8), y: [1, 1, 0, 1])
    change(&batch)
    return batch
  }

  private static func train(
    _ batch: Batch = batch(), model: String = CountingModel.name, source: String = "", offsets: Range<UInt64> = 0..<0
  ) -> Frame {
    Frame(
      .trainBatch, requestID: 1,
      payload: TrainBatchRequest(model: model, source: source, offsets: offsets, batch: batch).payload)
  }

  /// The same request with other bytes.
  private static func train(_ change: (inout ByteBuffer) -> Void) -> Frame {
    var payload = train().payload
    change(&payload)
    return Frame(.trainBatch, requestID: 1, payload: payload)
  }

  private static func score(_ batch: Batch, minimumVersion: UInt64 = 0) -> Frame {
    Frame(
      .scoreBatch, requestID: 1,
      payload: ScoreBatchRequest(model: CountingModel.name, minimumVersion: minimumVersion, batch: batch).payload)
  }

  private static func batches(_ random: inout SplitMix64) -> [HostileRequest] {
    let place = Int.random(in: 0..<8, using: &random)
    // Behind the model's name, the source's, its offsets and the deadline.
    let counts = 2 + CountingModel.name.utf8.count + 2 + 16 + 4
    let wide = Batch(examples: 2, x: [Float](repeating: 1, count: 6), y: [1, 1])
    let model = ModelRequest(model: CountingModel.name).payload
    return [
      HostileRequest("an unknown model", train(model: "nobody"), .unknownModel),
      HostileRequest("a path", train(model: "../\(CountingModel.name)"), .unknownModel),
      HostileRequest("NaN", train(batch { $0.x[place] = .nan }), .shapeMismatch),
      HostileRequest("an infinite number", score(batch { $0.x[place] = -.infinity }), .shapeMismatch),
      HostileRequest("a wrong label", train(batch { $0.y[0] = .nan }), .shapeMismatch),
      HostileRequest("a wrong width", train(wide), .shapeMismatch),
      HostileRequest("nothing to learn from", train(Batch()), .malformed),
      HostileRequest("nothing to score", score(Batch()), .malformed),
      HostileRequest("a batch too short", train { $0.moveWriterIndex(to: $0.writerIndex - 1 - place) }, .malformed),
      HostileRequest("a batch too long", train { $0.writeInteger(UInt8(0)) }, .malformed),
      HostileRequest("too many examples", train { $0.setInteger(UInt32.max, at: counts) }, .malformed),
      HostileRequest("too many features", train { $0.setInteger(UInt64.max, at: counts) }, .malformed),
      HostileRequest("a name that is no text", train { $0.setInteger(UInt8(0xFF), at: 2) }, .malformed),
      HostileRequest("offsets without a source", train(offsets: 3..<7), .malformed),
      HostileRequest("a source without offsets", train(source: "s"), .malformed),
      HostileRequest("a batch far ahead", train(source: honestSource, offsets: 1 << 40..<1 << 41), .offsetGap),
      HostileRequest("half a batch again", train(source: honestSource, offsets: 1..<(1 << 41)), .offsetOverlap),
      HostileRequest("a version that is not there", score(batch(), minimumVersion: 1 << 40), .modelInitialising),
      HostileRequest(
        "unloading without being allowed to", Frame(.unloadModel, requestID: 1, payload: model), .forbidden),
    ]
  }

  /// The stream of the honest client, which others interfere with.
  static var honestSource: String { "honest" }
}

extension FrameHeader {
  /// The bytes on the wire.
  fileprivate var bytes: [UInt8] {
    var buffer = ByteBuffer()
    write(to: &buffer)
    return Array(buffer.readableBytesView)
  }
}
