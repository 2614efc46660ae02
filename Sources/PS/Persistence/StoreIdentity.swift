import Kernels
import NIOCore
public import Wire

/// Which store a file belongs to: bytes 8 to 31 of every file's header.
///
///     0  4  format    1
///     4  2  shard
///     6  2  shards
///     8 16  store id
public struct StoreIdentity: Hashable, Sendable {
  /// Names the store.
  public var id: Identifier
  /// Which shard's values it has.
  public var shard: Int
  /// Of how many.
  public var shards: Int

  /// The format of all files.
  static let format: UInt32 = 1

  /// A store of a shard.
  public init(id: Identifier, shard: Int, shards: Int) {
    self.id = id
    self.shard = shard
    self.shards = shards
  }

  func write(to writer: inout MessageWriter) {
    writer.integer(Self.format)
    writer.integer(UInt16(shard))
    writer.integer(UInt16(shards))
    writer.data(id.bytes)
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    let format = try reader.integer(UInt32.self)
    guard format == Self.format else {
      throw Refusal(.unsupportedVersion, "the format \(format); this version of onlearn knows format \(Self.format)")
    }
    shard = Int(try reader.integer(UInt16.self))
    shards = Int(try reader.integer(UInt16.self))
    id = try Identifier(from: &reader)
    guard shard < shards, shards <= 1024 else { throw Refusal(.malformed, "shard \(shard) of \(shards)") }
  }

  /// What the checksums of the segment number `segment` begin with, so that bytes of another file never pass for its own.
  func seed(segment: UInt64) -> UInt32 {
    var writer = MessageWriter()
    writer.data(id.bytes)
    writer.integer(segment)
    return writer.payload.checksum(at: 0, length: writer.payload.readableBytes)
  }
}
