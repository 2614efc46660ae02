import NIOCore
import NIOPosix
import TestSupport
import Transport
import Wire

/// Our own client, asked from a test.
struct HonestClient: Sendable {
  private let loop: any EventLoop
  private let desk: NIOLoopBound<Desk>

  /// Starts to connect to `address`.
  init(
    to address: Address, _ client: Identifier = .random(), key: SharedKey? = nil, tls: ClientTLS? = nil,
    limits: Limits = Limits(), receiveLimit: Int = 64 << 20
  ) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    self.loop = loop
    desk = try await loop.submit {
      let desk = Desk(loop)
      desk.channel = ClientChannel(
        to: address, hello: Hello(client, key: key, receiveLimit: receiveLimit), key: key, tls: tls,
        limits: limits, on: loop,
        delegate: desk)
      return NIOLoopBound(desk, eventLoop: loop)
    }.get()
  }

  /// Waits for the handshake.
  ///
  /// - Throws: Why there is no connection.
  @discardableResult
  func ready() async throws -> Challenge {
    try await loop.flatSubmit { [desk] in desk.value.readiness.futureResult }.get()
  }

  /// Waits for the answer to a request.
  ///
  /// - Throws: A ``Refusal``, or why the connection is over.
  func ask(_ type: MessageType = .echo, _ payload: ByteBuffer = ByteBuffer()) async throws -> Frame {
    try await ready()
    return try await loop.flatSubmit { [desk] in desk.value.ask(type, payload) }.get()
  }

  /// Whether the server has asked the client to leave.
  var wasAskedToLeave: Bool { get async throws { try await loop.submit { [desk] in desk.value.goAway != nil }.get() } }

  /// Waits for the end of the connection.
  func ending() async throws -> ConnectionError {
    try await loop.flatSubmit { [desk] in desk.value.end.futureResult }.get()
  }

  /// Closes the connection.
  func close() { loop.execute { [desk] in desk.value.close() } }

  /// What happens on the event loop.
  private final class Desk: ClientChannelDelegate {
    var channel: ClientChannel?
    let readiness: EventLoopPromise<Challenge>
    let end: EventLoopPromise<ConnectionError>
    var goAway: GoAway?
    private let loop: any EventLoop
    private var promises: [UInt64: EventLoopPromise<Frame>] = [:]
    private var lastRequest: UInt64 = 0
    private var error: ConnectionError?

    init(_ loop: any EventLoop) {
      self.loop = loop
      readiness = loop.makePromise()
      end = loop.makePromise()
    }

    func ask(_ type: MessageType, _ payload: ByteBuffer) -> EventLoopFuture<Frame> {
      if let error { return loop.makeFailedFuture(error) }
      lastRequest += 1
      let promise = loop.makePromise(of: Frame.self)
      promises[lastRequest] = promise
      channel?.send(Frame(type, requestID: lastRequest, payload: payload))
      return promise.futureResult
    }

    func close() {
      guard let channel else { return }
      channel.close()
      closed(.closedByServer, on: channel)
    }

    func ready(_ challenge: Challenge, _ session: SessionState, on channel: ClientChannel) {
      readiness.succeed(challenge)
    }

    func received(_ reply: Frame, on channel: ClientChannel) {
      let promise = promises.removeValue(forKey: reply.header.requestID)
      if let refusal = reply.refusal { promise?.fail(refusal) } else { promise?.succeed(reply) }
    }

    func left(_ goAway: GoAway, on channel: ClientChannel) { self.goAway = goAway }

    func closed(_ error: ConnectionError, on channel: ClientChannel) {
      self.error = error
      readiness.fail(error)
      end.succeed(error)
      for promise in promises.values { promise.fail(error) }
      promises = [:]
    }
  }
}

extension ByteBuffer {
  /// `count` bytes.
  static func filled(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x5A, count: count) }
}
