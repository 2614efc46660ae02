import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Transport
import Wire

/// A service that sends back what it is sent, at once or later.
final class EchoService: FrameService {
  let identity = ServerIdentity(storeID: Identifier(bytes: Array(0x10...0x1F)), bootID: 7)
  /// Whether clients can reach it.
  private(set) var isStarted = false
  /// The longest answers that were given.
  private(set) var floods = 0
  /// The connections there are.
  private(set) var connections = 0
  /// The requests that wait for ``answerAll()``.
  private var kept: [(request: Frame, connection: ServiceConnection)] = []

  func session(of client: ClientIdentity) -> SessionState { SessionState(lastAppliedSequence: 7, number: 3) }

  func started() {
    precondition(!isStarted && connections == 0, "started twice, or late")
    isStarted = true
  }

  func connected(_ connection: ServiceConnection) {
    precondition(isStarted, "a connection before anybody can connect")
    connections += 1
  }

  func received(_ request: Frame, on connection: ServiceConnection) {
    switch request.header.type {
    case .echo: answer(request, on: connection)
    case .keep: kept.append((request, connection))
    case .swell: answer(request, on: connection, ByteBuffer(repeating: 0x5A, count: 1 << 20))
    case .stream: stream((0..<9).map { ByteBuffer(repeating: UInt8($0), count: 100_001 * $0) }, request, on: connection)
    case .flood:
      floods += 1
      stream([ByteBuffer](repeating: ByteBuffer(repeating: 1, count: 1 << 20), count: 60), request, on: connection)
    default: connection.refuse(Refusal(.unknownType, "no such request"), answering: request.header)
    }
  }

  func disconnected(_ connection: ServiceConnection) {
    connections -= 1
    kept.removeAll { $0.connection === connection }
  }

  /// The number of requests that wait.
  var keptCount: Int { kept.count }

  /// Answers the requests that wait, the last one first.
  func answerAll() {
    for (request, connection) in kept.reversed() { answer(request, on: connection) }
    kept = []
  }

  private func stream(_ parts: [ByteBuffer], _ request: Frame, on connection: ServiceConnection) {
    var next = parts.makeIterator()
    let length = UInt32(parts.reduce(0) { $0 + $1.readableBytes })
    let header = FrameHeader(
      type: request.header.type, flags: .response, length: length, requestID: request.header.requestID)
    connection.reply(header) { next.next() }
  }

  private func answer(_ request: Frame, on connection: ServiceConnection, _ payload: ByteBuffer? = nil) {
    let header = request.header
    connection.reply(
      Frame(header.type, flags: .response, requestID: header.requestID, payload: payload ?? request.payload))
  }
}

extension MessageType {
  /// Is answered at once, with what it brings.
  static let echo = MessageType(rawValue: 0x70)
  /// Is answered when the test says so.
  static let keep = MessageType(rawValue: 0x71)
  /// Is answered with a mebibyte.
  static let swell = MessageType(rawValue: 0x72)
  /// Is answered with 3.6 MB that are made while they are sent.
  static let stream = MessageType(rawValue: 0x73)
  /// Is answered with 60 MiB that are made while they are sent.
  static let flood = MessageType(rawValue: 0x74)
}

extension Limits {
  /// The defaults, for tests that share two processors with others: handshakes and pauses may take long.
  static var patient: Limits {
    var limits = Limits()
    limits.handshakeTime = .seconds(120)
    limits.idleTime = .seconds(600)
    return limits
  }
}

/// Where a test listens.
enum Place: CaseIterable, Sendable {
  case tcp, unix

  /// An address that is free.
  var address: Address {
    switch self {
    case .tcp: .tcp(host: "127.0.0.1", port: 0)
    case .unix:
      .unix(path: FileManager.default.temporaryDirectory.appending(path: "onlearn-\(Identifier.random()).sock").path)
    }
  }
}

extension Listener<EchoService> {
  /// An echo service, as long as `body` runs.
  static func run(
    at address: Address = Place.tcp.address, _ limits: Limits = .patient, keys: KeyRing = KeyRing(),
    tls: ServerTLS? = nil,
    _ body: (Listener) async throws -> Void
  ) async throws {
    let listener = try await Listener.start(
      at: address, limits: limits, keys: keys, tls: tls, on: MultiThreadedEventLoopGroup.singleton.next()
    ) { _ in EchoService() }
    do { try await body(listener) } catch {
      await listener.drain(within: .zero)
      throw error
    }
    await listener.drain(within: .zero)
  }

  /// Waits until the service is as `condition` says.
  func wait(until condition: @escaping @Sendable (EchoService) -> Bool) async throws {
    while try await !withService(condition) { try await Task.sleep(for: .milliseconds(2)) }
  }
}
