package import NIOCore
import NIOPosix
package import Transport
package import Wire

/// A client that keeps to no rule: it sends any bytes, and reads frames if it likes.
package struct RawClient {
  private let channel: any Channel
  private let pieces: AsyncStream<ByteBuffer>
  private var iterator: AsyncStream<ByteBuffer>.Iterator
  private var assembler = FrameAssembler(payloadLimit: Limits.payloadCap)
  private var input = ByteBuffer()

  /// Connects to `address`.
  ///
  /// - Parameters:
  ///   - source: The address of this machine from which it comes.
  ///   - isReading: Whether it takes anything of what it is sent.
  package init(to address: Address, from source: String? = nil, isReading: Bool = true) async throws {
    let (pieces, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
    var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: isReading)
      .channelOption(.allowRemoteHalfClosure, value: false)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Inbox(continuation))
        }
      }
    if let source { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0)) }
    channel =
      switch address {
      case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
      case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
      }
    self.pieces = pieces
    iterator = pieces.makeAsyncIterator()
  }

  /// Sends `bytes`; whether they got out is no matter of the test's.
  package func send(_ bytes: some Sequence<UInt8> & Sendable) {
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  /// Sends a frame.
  package func send(_ frame: Frame) { send(frame.bytes) }

  /// Sends `bytes` one at a time, until the task that it returns is cancelled.
  package func trickle(_ bytes: [UInt8], every pause: Duration) -> Task<Void, any Error> {
    Task { [channel] in
      for byte in bytes {
        channel.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil)
        try await Task.sleep(for: pause)
      }
    }
  }

  /// Says that nothing more comes, and goes on listening.
  package func endOutput() { channel.close(mode: .output, promise: nil) }

  /// Closes the connection.
  package func close() { channel.close(promise: nil) }

  /// Takes a little of what comes every `pause`, until the task that it returns is cancelled.
  package func takeSlowly(every pause: Duration) async throws -> Task<Void, any Error> {
    try await channel.setOption(.autoRead, value: false).get()
    return Task { [channel] in
      while true {
        channel.read()
        try await Task.sleep(for: pause)
      }
    }
  }

  /// The next bytes, as they come; nil if the server has closed the connection.
  package mutating func piece() async -> ByteBuffer? { await iterator.next() }

  /// The next frame, or nil if the server has closed the connection.
  package mutating func next() async throws -> Frame? {
    while true {
      if let frame = try assembler.next(from: &input) { return frame }
      guard let piece = await iterator.next() else { return nil }
      input = piece
    }
  }

  /// The error with which the server ends the connection; nil if it closes it without a word.
  package mutating func ending() async throws -> Refusal? {
    var last: Refusal?
    while let frame = try await next() { last = frame.refusal }
    return last
  }

  /// Everything that comes until the server closes the connection, as text.
  package mutating func text() async -> String {
    var all = input
    while var piece = await iterator.next() { all.writeBuffer(&piece) }
    return String(buffer: all)
  }

  /// Goes through the handshake of a server without keys.
  package mutating func shakeHands(
    _ client: Identifier = .random(), receiveLimit: Int = 64 << 20, features: Features = .known
  ) async throws {
    var hello = Hello(client, receiveLimit: receiveLimit)
    hello.features = features
    assembler.takesTrailingChecksums = features.contains(.trailingChecksums)
    send(Frame(.hello, payload: hello.payload))
    send(Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)))
    for type in [MessageType.challenge, .authenticated] {
      guard let frame = try await next(), frame.header.type == type, frame.refusal == nil else {
        throw HandshakeRefused()
      }
    }
  }

  package struct HandshakeRefused: Error {}

  /// Passes on what arrives.
  private final class Inbox: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}

extension Frame {
  /// The bytes on the wire.
  package var bytes: [UInt8] { Array(headerBytes.readableBytesView) + Array(payload.readableBytesView) }

  /// The error that the frame carries.
  package var refusal: Refusal? { header.flags.contains(.error) ? try? Refusal(reading: payload) : nil }
}

extension Identifier {
  /// Any identifier.
  package static func random() -> Identifier {
    var generator = SystemRandomNumberGenerator()
    return Identifier(using: &generator)
  }
}

extension Hello {
  /// The hello of a worker.
  package init(_ client: Identifier = .random(), key: SharedKey? = nil, receiveLimit: Int = 64 << 20) {
    self.init(
      role: .worker, clientID: client, nonce: [UInt8](repeating: 0xC0, count: 32), keyID: key?.id ?? "",
      receiveLimit: receiveLimit)
  }
}
