import NIOCore
import NIOPosix
import Wire

/// How sockets are set up, at both ends.
enum SocketOptions {
  /// Large frames are read in few pieces. An allocator that adapts itself would learn from Unix sockets, which hand over
  /// little at a time, to read ever less.
  private static let allocator = FixedSizeRecvByteBufferAllocator(capacity: 1 << 20)

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
