public import NIOCore
import Kernels

/// The 32 bytes before every payload (offset, size, field; little-endian).
///
///      0  4  magic          89 4F 4C 50, "\x89OLP"
///      4  1  version        1
///      5  1  type           ``MessageType``
///      6  2  flags          ``FrameFlags``; unknown bits must be 0
///      8  4  length         bytes of the payload, checked against a limit before anything is allocated
///     12  4  epoch          of the shard map; 0 for frames that are not routed
///     16  8  request        chosen by the client, not 0, unique in flight; 0 for frames of the connection itself
///     24  4  payload CRC    CRC-32C; 0 for an empty payload, or if the checksum follows the payload
///     28  4  header CRC     CRC-32C of bytes 0..<28
///
/// A checksum of its own lets a receiver trust the length before it has the payload.
public struct FrameHeader: Hashable, Sendable {
  /// The bytes of a header.
  public static let byteCount = 32
  /// The first bytes of every frame; the first one is never text, TLS or another protocol.
  public static let magic: [UInt8] = [0x89, 0x4F, 0x4C, 0x50]
  private static let magicNumber: UInt32 = 0x894F_4C50
  /// The protocol's version.
  public static let version: UInt8 = 1

  /// What the payload is.
  public var type: MessageType
  /// How the frame is to be taken.
  public var flags: FrameFlags
  /// The bytes of the payload.
  public var length: UInt32
  /// The shard map that the sender used, or 0.
  public var epoch: UInt32
  /// Which request the frame is or answers, or 0.
  public var requestID: UInt64
  /// The CRC-32C of the payload, 0 if there is none or ``FrameFlags/checksumFollows`` is set.
  public var payloadChecksum: UInt32

  /// A header of these fields.
  public init(
    type: MessageType, flags: FrameFlags = [], length: UInt32 = 0, epoch: UInt32 = 0, requestID: UInt64 = 0,
    payloadChecksum: UInt32 = 0
  ) {
    self.type = type
    self.flags = flags
    self.length = length
    self.epoch = epoch
    self.requestID = requestID
    self.payloadChecksum = payloadChecksum
  }

  /// The header's bytes.
  public var bytes: ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: Self.byteCount)
    write(to: &buffer)
    return buffer
  }

  /// Appends the header to `buffer`.
  public func write(to buffer: inout ByteBuffer) {
    let start = buffer.writerIndex
    buffer.writeInteger(Self.magicNumber)
    buffer.writeInteger(Self.version)
    buffer.writeInteger(type.rawValue)
    buffer.writeInteger(flags.rawValue, endianness: .little)
    buffer.writeInteger(length, endianness: .little)
    buffer.writeInteger(epoch, endianness: .little)
    buffer.writeInteger(requestID, endianness: .little)
    buffer.writeInteger(payloadChecksum, endianness: .little)
    let checksum = buffer.checksum(at: start, length: Self.byteCount - 4)
    buffer.writeInteger(checksum, endianness: .little)
  }

  /// Reads a header from the next 32 bytes of `buffer`, which has as many.
  ///
  /// - Throws: 100 for another protocol, 101 for a damaged header, 102 for another version, 105 for unknown flags; after
  ///   any of these nothing on the connection can be trusted.
  public init(from buffer: inout ByteBuffer) throws(Refusal) {
    let start = buffer.readerIndex
    let checksum = buffer.checksum(at: start, length: Self.byteCount - 4)
    // A failing read means that the caller broke the contract.
    guard buffer.readInteger(as: UInt32.self)! == Self.magicNumber else {
      throw Refusal(.badMagic, "this is not a frame of OLP")
    }
    let version: UInt8 = buffer.readInteger()!
    type = MessageType(rawValue: buffer.readInteger()!)
    flags = FrameFlags(rawValue: buffer.readInteger(endianness: .little)!)
    length = buffer.readInteger(endianness: .little)!
    epoch = buffer.readInteger(endianness: .little)!
    requestID = buffer.readInteger(endianness: .little)!
    payloadChecksum = buffer.readInteger(endianness: .little)!
    let expected: UInt32 = buffer.readInteger(endianness: .little)!
    guard checksum == expected else { throw Refusal(.badHeaderChecksum, "a frame's header was damaged on the way") }
    guard version == Self.version else {
      throw Refusal(.unsupportedVersion, "a frame of version \(version); this end speaks version 1")
    }
    guard flags.isSubset(of: .known) else {
      throw Refusal(.reservedBits, "a frame with unknown flags \(flags.subtracting(.known).rawValue)")
    }
  }
}

/// What a payload is, by number; a number that was published is never used for anything else.
public struct MessageType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  /// The type with this number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A client's first frame.
  public static let hello = MessageType(rawValue: 0x01)
  /// A server's answer to ``hello``.
  public static let challenge = MessageType(rawValue: 0x02)
  /// A client's proof that it has the key.
  public static let authenticate = MessageType(rawValue: 0x03)
  /// A server's proof that it has the key.
  public static let authenticated = MessageType(rawValue: 0x04)
  /// Asks whether the other end lives.
  public static let ping = MessageType(rawValue: 0x05)
  /// A server's wish that its clients leave.
  public static let goAway = MessageType(rawValue: 0x06)
}

extension MessageType: CustomStringConvertible {
  /// The number as the page on the protocol has it: two hexadecimal digits.
  public var description: String {
    (rawValue < 16 ? "0" : "") + String(rawValue, radix: 16, uppercase: true)
  }
}

/// How a frame is to be taken.
public struct FrameFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt16

  /// The flags with these bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// It answers the request of the same number.
  public static let response = FrameFlags(rawValue: 1 << 0)
  /// It answers with an error; the payload is a ``Refusal``.
  public static let error = FrameFlags(rawValue: 1 << 1)
  /// The mutation must be on disk before it is acknowledged, whatever the server's policy.
  public static let needsDurability = FrameFlags(rawValue: 1 << 2)
  /// The mutation had been applied before and was ignored now.
  public static let duplicate = FrameFlags(rawValue: 1 << 3)
  /// The server is about to leave.
  public static let draining = FrameFlags(rawValue: 1 << 4)
  /// The push ends the sender's clock.
  public static let clock = FrameFlags(rawValue: 1 << 5)
  /// The payload's checksum is in the four bytes behind it, which its length does not count: only between two ends that
  /// know ``Features/trailingChecksums``.
  public static let checksumFollows = FrameFlags(rawValue: 1 << 6)

  /// All flags there are.
  static let known: FrameFlags = [
    .response, .error, .needsDurability, .duplicate, .draining, .clock, .checksumFollows,
  ]
}
