import Glibc
import NIOCore
import Wire

// The one file of this module that calls the system itself: sockets of which no call waits.

/// A client's stream socket.
final class StreamSocket {
  // Safety: the calls of the system read or fill structures of ours, or memory that a buffer lends for the duration of the
  // call, within its bounds.

  /// What came of reading.
  enum Received {
    /// Bytes, and perhaps there are more.
    case bytes(areMore: Bool)
    /// Nothing is there yet.
    case nothing
    /// The other end sends nothing more.
    case end
  }

  fileprivate let descriptor: Int32

  /// Begins to connect to `address`; if that fails, sending does.
  init(connectingTo address: SocketAddress) throws(IOError) {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = socket(address.protocol.rawValue, kind, 0)
    guard descriptor >= 0 else { throw Self.failure("socket") }
    if case .unixDomainSocket = address {
    } else {
      for option in Self.tcpOptions { _ = Self.set(option, of: descriptor) }
    }
    let result = unsafe address.withSockAddr { unsafe connect(descriptor, $0, socklen_t($1)) }
    guard result == 0 || errno == EINPROGRESS || errno == EINTR else { throw Self.failure("connect") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The most pieces that the system takes at once.
  private static let mostPieces = 1024

  /// Sends what the socket takes of `pieces`.
  ///
  /// - Returns: How many bytes it took, or nil if none now.
  func send(_ pieces: [OutgoingPayload.Piece]) throws(IOError) -> Int? {
    let count = withExtendedLifetime(pieces) {
      var vectors = unsafe pieces.prefix(Self.mostPieces).map { piece in
        let memory = unsafe piece.memory
        return unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: memory.baseAddress), iov_len: memory.count)
      }
      return unsafe vectors.withUnsafeMutableBufferPointer { vectors in
        var message = unsafe msghdr()
        unsafe message.msg_iov = vectors.baseAddress
        unsafe message.msg_iovlen = vectors.count
        return unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
      }
    }
    guard count < 0 else { return count }
    guard errno == EAGAIN || errno == EINTR else { throw Self.failure("send") }
    return nil
  }

  /// The most bytes that are received at a time: what is made of them is done while they are in the caches and the rest is
  /// still on its way.
  private static let mostBytes = 128 << 10

  /// Appends what there is to `buffer`, as far as it has room.
  func receive(into buffer: inout ByteBuffer) throws(IOError) -> Received {
    let room = min(buffer.writableBytes, Self.mostBytes)
    var count = 0
    unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { memory in
      count = unsafe recv(descriptor, memory.baseAddress, room, 0)
      return max(0, count)
    }
    guard count < 0 else { return count == 0 ? .end : .bytes(areMore: count == room) }
    guard errno == EAGAIN || errno == EINTR else { throw Self.failure("receive") }
    return .nothing
  }

  /// How long to look before sleeping.
  private static let lookTime = Duration.microseconds(300)

  /// Waits until something can be done with one of `sockets`, or until `deadline`.
  ///
  /// For a moment it looks again and again before it sleeps, as long as nobody else wants this core: waking a core costs the
  /// server that does it and the client that is woken as much as a small exchange.
  ///
  /// - Returns: Which ones have something to be read, or an end.
  static func wait(for sockets: [(socket: StreamSocket, sends: Bool)], until deadline: Instant) -> [Bool] {
    var entries = sockets.map {
      pollfd(fd: $0.socket.descriptor, events: Int16($0.sends ? POLLIN | POLLOUT : POLLIN), revents: 0)
    }
    var now = Instant.now()
    let lookEnd = min(deadline, now + lookTime)
    while now < lookEnd, unsafe poll(&entries, nfds_t(entries.count), 0) == 0 {
      sched_yield()
      now = .now()
    }
    if entries.allSatisfy({ $0.revents == 0 }) {
      // Rounded up, so that who waits for a moment does not come before it.
      let milliseconds = ((deadline - now).nanoseconds + 999_999) / 1_000_000
      _ = unsafe poll(&entries, nfds_t(entries.count), Int32(clamping: max(0, milliseconds)))
    }
    return entries.map { $0.revents & ~Int16(POLLOUT) != 0 }
  }

  private static func failure(_ call: String) -> IOError { IOError(errnoCode: errno, reason: call) }
}

extension StreamSocket {
  /// An option of a socket.
  struct Option: Sendable {
    let level: Int32
    let name: Int32
    let value: Int32
  }

  /// Those of all TCP connections, at both ends.
  static let tcpOptions =
    [
      Option(level: Int32(IPPROTO_TCP), name: TCP_NODELAY, value: 1),
      Option(level: SOL_SOCKET, name: SO_KEEPALIVE, value: 1),
    ] + (isKnown(retransmission) ? [retransmission] : [])

  /// `TCP_RTO_MAX_MS`, which Linux has since 6.15: how long TCP waits at most before it sends again what was not
  /// acknowledged. Otherwise it waits twice as long each time, and who was cut off for half a minute is for another quarter
  /// after the line is back.
  private static let retransmission = Option(level: Int32(IPPROTO_TCP), name: 44, value: 2000)

  private static func isKnown(_ option: Option) -> Bool {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { close(probe) }
    return set(option, of: probe)
  }

  private static func set(_ option: Option, of descriptor: Int32) -> Bool {
    var value = option.value
    return unsafe setsockopt(descriptor, option.level, option.name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
  }
}

extension Address {
  /// The socket addresses that the address may stand for, in the order in which they are to be tried; a host's name is
  /// looked up, which waits.
  func candidates() throws -> [SocketAddress] {
    guard case .tcp(let host, let port) = self else { return [try resolved()] }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    // Safety: the list is ours until it is freed, and its addresses are of the families that they say.
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return [try resolved()] }
    defer { unsafe freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next?.pointee {
      let address = unsafe UnsafeRawPointer(entry.ai_addr)
      switch unsafe entry.ai_family {
      case AF_INET: unsafe found.append(SocketAddress(address!.load(as: sockaddr_in.self), host: host))
      case AF_INET6: unsafe found.append(SocketAddress(address!.load(as: sockaddr_in6.self), host: host))
      default: break
      }
      unsafe next = entry.ai_next
    }
    return found
  }
}
