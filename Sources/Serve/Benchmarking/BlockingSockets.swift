import Files
import Foundation
import Kernels

// The one file of this module that makes sockets of its own: what our transport is compared with.

/// A TCP connection between two threads of this process, each of which reads and writes with blocking calls: about the
/// least that moving bytes both ways costs.
final class BlockingSockets {
  // Safety: the calls of the system fill structures of ours and read or write views within their bounds, which live as
  // long as the object or the thread that uses them.

  private let requestBytes: AlignedMemory
  private let replyBytes: AlignedMemory
  private let descriptor: Int32

  /// A connection whose other end answers each `requestByteCount` bytes with `replyByteCount`; neither is zero.
  ///
  /// - Parameter otherCore: Where the other end runs.
  init(requestByteCount: Int, replyByteCount: Int, on otherCore: CoreSet) throws(FileError) {
    requestBytes = Self.memory(requestByteCount)
    replyBytes = Self.memory(replyByteCount)
    let listener = try Self.socket()
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    descriptor = try Self.socket()
    let peer = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
        guard unsafe bind(listener, address, length) == 0, listen(listener, 1) == 0,
          unsafe getsockname(listener, address, &length) == 0, unsafe connect(descriptor, address, length) == 0
        else { return -1 }
        return accept(listener, nil, nil)
      }
    }
    guard peer >= 0 else { throw Self.failure }
    for end in [descriptor, peer] {
      var isOn: Int32 = 1
      unsafe setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }
    Thread.detachNewThread {
      otherCore.use()
      let (request, reply) = (Self.memory(requestByteCount), Self.memory(replyByteCount))
      while Self.receive(request, from: peer), Self.send(reply, to: peer) {}
      close(peer)
    }
  }

  deinit { close(descriptor) }

  /// Sends a request and receives its reply.
  func exchange() throws(FileError) {
    guard Self.send(requestBytes, to: descriptor), Self.receive(replyBytes, from: descriptor) else {
      throw Self.failure
    }
  }

  private static var failure: FileError { FileError("a socket of this machine", .open, code: errno) }

  private static func socket() throws(FileError) -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw failure }
    return descriptor
  }

  /// Memory whose pages exist.
  private static func memory(_ byteCount: Int) -> AlignedMemory {
    let memory = AlignedMemory(byteCount: byteCount)
    memory.view(of: UInt8.self, count: byteCount).fill(1)
    return memory
  }

  private static func send(_ memory: AlignedMemory, to descriptor: Int32) -> Bool {
    unsafe move(memory) { unsafe Glibc.send(descriptor, $0, $1, Int32(MSG_NOSIGNAL)) }
  }

  private static func receive(_ memory: AlignedMemory, from descriptor: Int32) -> Bool {
    unsafe move(memory) { unsafe read(descriptor, $0, $1) }
  }

  /// Calls the system until all bytes were moved.
  private static func move(_ memory: AlignedMemory, _ call: (UnsafeMutableRawPointer, Int) -> Int) -> Bool {
    let bytes = memory.view(of: UInt8.self, count: memory.byteCount)
    var place = 0
    while place < bytes.count {
      let count = unsafe call(bytes.base + place, bytes.count - place)
      guard count > 0 || (count < 0 && errno == EINTR) else { return false }
      place += max(0, count)
    }
    return true
  }
}
