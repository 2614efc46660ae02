import Foundation
import NIOCore
import PS
import TestSupport
import Testing
import Transport
import Wire

/// A server process with its own deadlines, hostile clients by the hundred, and a worker among them. `make soak` prints
/// what it measured.
@Suite(.serialized) struct `A server among many hostile clients` {
  private static let isSoaking = ProcessInfo.processInfo.environment["SOAK"] != nil

  private static func note(_ text: @autoclosure () -> String) { if isSoaking { print(text()) } }

  // MARK: Clients that waste time

  /// How clients waste time.
  private enum Waste: CaseIterable {
    case silent, halfOpen, slow, deaf

    var clients: Int {
      switch self {
      case .silent: 500
      case .halfOpen, .slow: 200
      case .deaf: 50
      }
    }

    /// The error with which they are let go.
    var ending: ErrorCode {
      switch self {
      case .silent, .halfOpen: .handshakeTimeout
      case .slow: .slowFrame
      case .deaf: .slowConsumer
      }
    }

    /// The time after which they are let go.
    var deadline: Duration {
      switch self {
      case .silent, .halfOpen: Limits().handshakeTime
      case .slow: Limits().frameTime
      case .deaf: Limits().stallTime
      }
    }
  }

  /// How long a client could waste time, and the error that ended it.
  private typealias Spent = (waste: Waste, time: Duration, ending: ErrorCode?)

  /// Wastes time until the server ends it.
  ///
  /// - Returns: How long that took, and the error; a client that takes nothing is told nothing, and returns at once.
  private static func spend(
    _ waste: Waste, at address: Address
  ) async throws -> Spent {
    var client = try await RawClient(to: address, isReading: waste != .deaf)
    // On a busy machine a handshake may take longer than the server waits.
    while waste == .slow, (try? await client.shakeHands()) == nil {
      try Task.checkCancellation()
      client = try await RawClient(to: address)
    }
    let start = ContinuousClock.now
    var trickle: Task<Void, any Error>?
    switch waste {
    case .silent: break
    case .halfOpen: client.send(Frame(.hello, payload: Hello().payload))
    case .slow:
      trickle = client.trickle(Frame(.pull, requestID: 1, payload: .filled(1000)).bytes, every: .seconds(1))
    case .deaf:
      client.send(Frame(.hello, payload: Hello().payload))
      client.send(Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)))
      for number in 1...100 { client.send(Frame(.pull, requestID: UInt64(number), payload: pull)) }
      return (waste, .zero, waste.ending)
    }
    let ending = try await client.ending()?.code
    trickle?.cancel()
    return (waste, ContinuousClock.now - start, ending)
  }

  /// Has all of them waste time at once.
  private static func crowd(at address: Address) async throws -> [Spent] {
    try await withThrowingTaskGroup(of: Spent.self) { group in
      for waste in Waste.allCases {
        for _ in 0..<waste.clients { group.addTask { try await spend(waste, at: address) } }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// A request for all that the honest worker learns.
  private static var pull: ByteBuffer {
    var writer = MessageWriter()
    ReadPrefix(model: 1).write(to: &writer)
    writer.integer(UInt64(0))
    for number in [1, BlockKind.dense.rawValue, 0, 0, UInt32(HonestWorker.count), 0] { writer.integer(number) }
    return writer.payload
  }

  /// The clients that the server has let in, but for who asks.
  private static func connections(_ server: ServerProcess) throws -> Int {
    Int(try Cluster.statistics(of: server.address).first { $0.name == "connections" }?.value ?? 0) - 1
  }

  @Test(.timeLimit(.minutes(5)))
  func `lets those go that waste its time, spends less than 64 MiB on all of them, and serves on`() async throws {
    let server = try await ServerProcess()
    let worker = try HonestWorker(at: server.address)
    let clock = ContinuousClock()
    try await worker.makesProgress()
    let quiet = try await worker.rate(over: Self.isSoaking ? .seconds(5) : .zero)
    let before = try server.residentByteCount
    let (start, address) = (clock.now, server.address)
    async let crowd = Self.crowd(at: address)
    var largest = before
    while try clock.now - start < .seconds(1) || Self.connections(server) > 1 {
      largest = max(largest, try server.residentByteCount)
      try await Task.sleep(for: .milliseconds(200))
    }
    let busy = try await worker.rate(over: .zero)
    let last = clock.now - start
    let endings = try await crowd
    for waste in Waste.allCases {
      let own = endings.filter { $0.waste == waste }
      #expect(own.count == waste.clients && own.allSatisfy { $0.ending == waste.ending })
      let times = waste == .deaf ? [last] : own.map(\.time)
      Self.note("\(own.count) \(waste), deadline \(waste.deadline): \(times.min()!) to \(times.max()!)")
    }
    Self.note("memory: \((largest - before) >> 10) KiB more; pushes/s: \(quiet) before, \(busy) beside them")
    #expect(largest - before < 64 << 20)
    try await worker.makesProgress()
    try await worker.stop()
    #expect(server.stop() == 0)
  }

  // MARK: Frames that announce too much

  @Test func `takes no memory for what a header announces`() async throws {
    let server = try await ServerProcess()
    let worker = try HonestWorker(at: server.address)
    try await worker.makesProgress()
    try await worker.stop()
    for (isIn, length) in [(false, 1025), (false, .max), (true, 64 << 20 + 1), (true, 1 << 31), (true, .max)]
      as [(Bool, UInt32)]
    {
      // The first connections take what later ones use again.
      for isFirst in [true, false] {
        let before = try server.residentByteCount
        for _ in 0..<10 {
          var client = try await RawClient(to: server.address)
          if isIn { try await client.shakeHands() }
          var header = ByteBuffer()
          FrameHeader(type: isIn ? .pull : .hello, length: length, requestID: 1).write(to: &header)
          client.send(Array(header.readableBytesView))
          #expect(try await client.ending()?.code == .frameTooLarge)
        }
        let growth = try server.residentByteCount - before
        Self.note("10 × \(length) bytes announced \(isIn ? "after" : "in") the handshake: \(growth >> 10) KiB")
        if !isFirst { #expect(growth < 1 << 20) }
      }
    }
    #expect(server.stop() == 0)
  }
}
