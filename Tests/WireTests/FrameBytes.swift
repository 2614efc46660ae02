import NIOCore
import Wire

/// Where a frame has its payload's checksum.
enum ChecksumPlace: CaseIterable {
  case before
  case behind
}

extension Frame {
  /// The bytes on the wire.
  var bytes: [UInt8] { Array(headerBytes.readableBytesView) + Array(payload.readableBytesView) }

  /// The bytes on the wire with the payload's checksum behind it.
  var bytesWithTrailingChecksum: [UInt8] {
    Array(header.announcingChecksum.bytes.readableBytesView) + Array(payload.readableBytesView)
      + Array(FrameHeader.bytes(ofTrailing: header.payloadChecksum).readableBytesView)
  }

  /// The bytes on the wire with the payload's checksum at `place`.
  func bytes(_ place: ChecksumPlace) -> [UInt8] { place == .before ? bytes : bytesWithTrailingChecksum }
}

extension FrameAssembler {
  /// One that takes checksums behind payloads if that is where they are.
  init(_ place: ChecksumPlace, limit: Int = 1 << 20) {
    self.init(payloadLimit: limit)
    takesTrailingChecksums = place == .behind
  }

  /// The frames in `pieces`.
  mutating func frames(in pieces: [ArraySlice<UInt8>]) throws(Refusal) -> [Frame] {
    var frames: [Frame] = []
    for piece in pieces {
      var input = ByteBuffer(bytes: piece)
      while let frame = try next(from: &input) { frames.append(frame) }
    }
    return frames
  }

  /// The error with which `bytes` are refused.
  mutating func code(of bytes: [UInt8]) -> ErrorCode? {
    do throws(Refusal) {
      _ = try frames(in: [bytes[...]])
      return nil
    } catch { return error.code }
  }
}
