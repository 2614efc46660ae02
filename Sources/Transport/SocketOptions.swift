import Glibc
import NIOCore
import NIOPosix
import Wire

/// How sockets are set up, at both ends.
enum SocketOptions {
  private static let allocator = GrowingAllocator()

  /// Lets `channel`, which is not encrypted, read long requests to where `handler` wants them.
  static func lend(by handler: ServerChannel, to channel: any Channel) throws {
    let lender = NIOLoopBound(Lender(handler), eventLoop: channel.eventLoop)
    // One read for each time that there is something to read: a read that finds nothing would lose what it was lent.
    try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    try channel.syncOptions?.setOption(.recvAllocator, value: LendingAllocator(lender: lender))
  }

  /// Lets the system say that `channel` can be read when `byteCount` bytes are there, or its end. Where it cannot do that, it
  /// says so at the first byte.
  static func setReadMark(_ byteCount: Int, of channel: any Channel) {
    try? channel.syncOptions?.setOption(.socketOption(.init(rawValue: SO_RCVLOWAT)), value: .init(byteCount))
  }

  /// A server's: read only when asked, so that nothing is taken in that there is no room for.
  static func apply(to bootstrap: ServerBootstrap, for address: SocketAddress, limits: Limits) -> ServerBootstrap {
    let marks = ChannelOptions.Types.WriteBufferWaterMark(low: limits.outboundLowMark, high: limits.outboundHighMark)
    let bootstrap =
      bootstrap
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.recvAllocator, value: allocator)
      .childChannelOption(.writeBufferWaterMark, value: marks)
    if case .unixDomainSocket = address { return bootstrap }
    return tcp.reduce(bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)) {
      $0.childChannelOption($1.option, value: $1.value)
    }
  }

  /// A client's.
  static func apply(to bootstrap: ClientBootstrap, for address: Address, limits: Limits) -> ClientBootstrap {
    let bootstrap =
      bootstrap
      .connectTimeout(.nanoseconds(limits.handshakeTime.nanoseconds))
      .channelOption(.recvAllocator, value: allocator)
    if case .unix = address { return bootstrap }
    return tcp.reduce(bootstrap) { $0.channelOption($1.option, value: $1.value) }
  }

  private static let tcp: [(option: ChannelOptions.Types.SocketOption, value: Int)] = StreamSocket.tcpOptions.map {
    (.init(level: .init(rawValue: $0.level), name: .init(rawValue: $0.name)), Int($0.value))
  }
}

/// Memory of a handler's for the rest of a long request, and small buffers for everything else.
private struct LendingAllocator: RecvByteBufferAllocator {
  let lender: NIOLoopBound<Lender>

  private static let capacity = 4 << 10

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    lender.value.handler?.lend() ?? allocator.buffer(capacity: Self.capacity)
  }

  /// Each buffer is another one.
  mutating func record(actualReadBytes: Int) -> Bool { true }
}

/// A handler that a channel's options do not keep.
private final class Lender {
  weak var handler: ServerChannel?

  init(_ handler: ServerChannel) { self.handler = handler }
}

/// Small buffers for who sends little, as each connection keeps its own; longer ones whenever one was filled, so that
/// large frames are read in few pieces.
///
/// It never goes back: an allocator that adapts itself would learn from Unix sockets, which hand over little at a time, to
/// read ever less.
private struct GrowingAllocator: RecvByteBufferAllocator {
  private var capacity = 4 << 10
  private static let largest = 1 << 20

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: capacity) }

  func nextBufferSize() -> Int? { capacity }

  mutating func record(actualReadBytes: Int) -> Bool {
    guard capacity < Self.largest, actualReadBytes >= capacity else { return false }
    capacity = min(16 * capacity, Self.largest)
    return true
  }
}
