import NIOCore
public import Wire

/// The frames on their way out of a channel, on its event loop.
///
/// A class, because a channel that writes may at once tell its handlers how much waits, and they ask for ``waiting`` while
/// ``flush()`` is not over.
final class SocketOutput {
  private let channel: any Channel
  private var hasUnflushed = false

  /// Frames to `channel`.
  init(_ channel: any Channel) { self.channel = channel }

  /// Puts a frame behind those before it; header and payload stay two buffers, and leave in one call of the system.
  func write(_ frame: Frame) {
    channel.write(frame.headerBytes, promise: nil)
    if frame.payload.readableBytes > 0 { channel.write(frame.payload, promise: nil) }
    hasUnflushed = true
  }

  /// Sends a frame whose payload is made on the way, behind what was written: each part leaves before the next is made,
  /// as far as the socket takes it, and the payload's checksum behind the last one.
  func stream(_ header: FrameHeader, next: () -> ByteBuffer?) {
    channel.write(header.announcingChecksum.bytes, promise: nil)
    var (checksum, missing) = (UInt32(0), Int(header.length))
    while let part = next() {
      checksum = part.checksum(at: part.readerIndex, length: part.readableBytes, continuing: checksum)
      missing -= part.readableBytes
      channel.write(part, promise: nil)
      if missing == 0 { channel.write(FrameHeader.bytes(ofTrailing: checksum), promise: nil) }
      channel.flush()
    }
    precondition(missing == 0, "a payload of \(Int(header.length) - missing) bytes that should have \(header.length)")
    hasUnflushed = false
  }

  /// Sends what was written.
  ///
  /// - Returns: Whether there was anything to send.
  func flush() -> Bool {
    guard hasUnflushed else { return false }
    hasUnflushed = false
    channel.flush()
    return true
  }

  /// The bytes that the socket has not taken yet.
  var waiting: Int {
    (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}

extension Instant {
  /// This moment, by the clock of the event loops.
  public static func now() -> Instant { Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }

  /// The same moment for an event loop.
  var deadline: NIODeadline { .uptimeNanoseconds(UInt64(max(0, nanoseconds))) }
}
