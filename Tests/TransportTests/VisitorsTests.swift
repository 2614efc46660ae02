import Foundation
import Kernels
import NIOCore
import PS
import TestSupport
import Testing
import Transport
import Wire

/// Hostile connections by the thousand, one after the other on sixteen tasks, beside a worker. `make soak` makes a hundred
/// thousand, from eight addresses, and prints what it measured.
@Suite(.serialized) struct `A server that is visited by hostile clients` {
  private static let isSoaking = ProcessInfo.processInfo.environment["SOAK"] != nil

  /// What a visitor does, by its number.
  private enum Visit: Int, CaseIterable {
    case nothing, noise, web, damagedHello, halfFrame, wrongType, tooMuch, gradientOfNothing, noNumber

    /// Whether the server lets the visitor in before.
    var isIn: Bool { rawValue >= Self.halfFrame.rawValue }

    /// What is sent.
    func bytes(_ random: inout SplitMix64) -> [UInt8] {
      func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
      switch self {
      case .nothing: return []
      case .noise: return noise(Int.random(in: 1...300, using: &random))
      case .web: return Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
      case .damagedHello:
        var bytes = Frame(.hello, payload: Hello().payload).bytes
        bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        return bytes
      case .halfFrame: return Frame(.pull, requestID: 1, payload: .filled(100)).bytes.dropLast(50)
      case .wrongType: return Frame(MessageType(rawValue: 0x7F), requestID: 1).bytes
      case .tooMuch:
        var header = ByteBuffer()
        FrameHeader(type: .pushPull, length: UInt32.random(in: (64 << 20 + 1)...(.max), using: &random), requestID: 1)
          .write(to: &header)
        return Array(header.readableBytesView)
      case .gradientOfNothing:
        return Frame(.pushPull, requestID: 1, payload: ByteBuffer(bytes: noise(200))).bytes
      case .noNumber: return Frame(.pushPull, requestID: 1, payload: Self.push(of: .nan)).bytes
      }
    }

    /// How the server may answer.
    var answers: Set<ErrorCode?> {
      switch self {
      case .nothing, .halfFrame: [nil]
      case .noise, .web: [.badMagic, .badHeaderChecksum, nil]
      case .damagedHello: [.badMagic, .badHeaderChecksum, .badPayloadChecksum, nil]
      case .wrongType: [.unknownType]
      case .tooMuch: [.frameTooLarge]
      case .gradientOfNothing: [.sequenceGap, .sessionUnknown, .malformed, .sequenceTooOld]
      case .noNumber: [.notFinite]
      }
    }

    /// A push of one gradient to the honest worker's model.
    private static func push(of gradient: Float) -> ByteBuffer {
      var writer = MessageWriter()
      Mutation(sequence: 1, model: 1).write(to: &writer)
      for number in [32, 1, BlockKind.dense.rawValue, 0, 0, 1, 0] { writer.integer(UInt32(number)) }
      var gradients = [gradient]
      gradients.withMemoryView { writer.array($0) }
      writer.integer(UInt64(0))
      writer.integer(UInt32(0))
      return writer.payload
    }
  }

  /// Makes the visit number `number`.
  ///
  /// - Returns: The visit, and what is wrong with the server's answer.
  private static func visit(_ number: Int, at address: Address) async throws -> String? {
    var random = SplitMix64(seed: UInt64(number))
    let visit = Visit.allCases[number % Visit.allCases.count]
    var client = try await RawClient(to: address, from: isSoaking ? "127.0.0.\(2 + number % 8)" : nil)
    if visit.isIn { try await client.shakeHands() }
    client.send(visit.bytes(&random))
    switch visit {
    case .wrongType, .gradientOfNothing, .noNumber: break
    default: client.endOutput()
    }
    let answer = try await client.next()?.refusal?.code
    client.close()
    return visit.answers.contains(answer) ? nil : "visit \(number), \(visit): \(answer.map { "\($0)" } ?? "nothing")"
  }

  /// Makes the visits `numbers` on sixteen tasks, as fast as they come or so many in a second.
  ///
  /// - Returns: What is wrong with the answers.
  private static func visit(
    _ numbers: Range<Int>, at address: Address, perSecond rate: Int? = nil
  ) async throws -> [String] {
    let start = ContinuousClock.now
    return try await withThrowingTaskGroup(of: [String].self) { group in
      for task in 0..<16 {
        group.addTask {
          var problems: [String] = []
          for number in stride(from: numbers.lowerBound + task, to: numbers.upperBound, by: 16) {
            if let rate { try await Task.sleep(until: start + .seconds(number - numbers.lowerBound) / rate) }
            if let problem = try await visit(number, at: address) { problems.append(problem) }
          }
          return problems
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  @Test(.timeLimit(.minutes(60)))
  func `refuses all they ask for, changes nothing, and serves on`() async throws {
    let server = try await ServerProcess()
    let worker = try HonestWorker(at: server.address)
    try await worker.makesProgress()
    _ = worker.times()
    try await Task.sleep(for: Self.isSoaking ? .seconds(5) : .zero)
    Self.note("nobody else", worker.times())
    let before = try server.residentByteCount
    let crowds: [(visits: Int, perSecond: Int?)] = Self.isSoaking ? [(50_000, nil), (50_000, 600)] : [(5000, nil)]
    var first = 0
    for (count, rate) in crowds {
      let start = ContinuousClock.now
      #expect(try await Self.visit(first..<first + count, at: server.address, perSecond: rate) == [])
      first += count
      Self.note("\(count) visits in \(ContinuousClock.now - start)", worker.times())
    }
    try await worker.makesProgress()
    // The worker compares every value with the number of its pushes.
    try await worker.stop()
    if Self.isSoaking { print("memory: \((try server.residentByteCount - before) >> 10) KiB more") }
    #expect(server.stop() == 0)
  }

  /// Prints how long pushes of the worker took beside `others`.
  private static func note(_ others: String, _ times: [Duration]) {
    guard isSoaking, !times.isEmpty else { return }
    print("beside \(others): \(times.count) pushes, half within \(times[times.count / 2]), ", terminator: "")
    print("99 % within \(times[times.count * 99 / 100])")
  }
}
