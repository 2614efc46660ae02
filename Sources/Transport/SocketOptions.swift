import NIOCore
import NIOPosix
import Wire

/// How sockets are set up, at both ends.
enum SocketOptions {
  private static let allocator = ReceiveAllocator()

  /// A server's: read only when asked, so that nothing is taken in that there is no room for.
  static func apply(to bootstrap: ServerBootstrap, for address: SocketAddress, limits: Limits) -> ServerBootstrap {
    let marks = ChannelOptions.Types.WriteBufferWaterMark(low: limits.outboundLowMark, high: limits.outboundHighMark)
    let bootstrap =
      bootstrap
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.recvAllocator, value: allocator)
      .childChannelOption(.writeBufferWaterMark, value: marks)
    guard case .unixDomainSocket = address else {
      return
        bootstrap
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.socketOption(.so_keepalive), value: 1)
    }
    return bootstrap
  }

  /// A client's.
  static func apply(to bootstrap: ClientBootstrap, for address: Address, limits: Limits) -> ClientBootstrap {
    let bootstrap =
      bootstrap
      .connectTimeout(.nanoseconds(limits.handshakeTime.nanoseconds))
      .channelOption(.recvAllocator, value: allocator)
    guard case .unix = address else {
      return
        bootstrap
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(.socketOption(.so_keepalive), value: 1)
    }
    return bootstrap
  }
}

/// Small buffers for who sends little, as each connection keeps its own; longer ones whenever one was filled, so that
/// large frames are read in few pieces.
///
/// It never goes back: an allocator that adapts itself would learn from Unix sockets, which hand over little at a time, to
/// read ever less.
private struct ReceiveAllocator: RecvByteBufferAllocator {
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
