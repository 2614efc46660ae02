import NIOCore
public import Wire

/// Which store a file belongs to: bytes 8 to 31 of every file's header.
///
///     0  4  format    2; in 1 no segment took the file of another one
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

  /// The format of all files that are written.
  static let format: UInt32 = 2

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
    guard (1...Self.format).contains(format) else {
      throw Refusal(
        .unsupportedVersion, "the format \(format); this version of onlearn knows formats up to \(Self.format)")
    }
    shard = Int(try reader.integer(UInt16.self))
    shards = Int(try reader.integer(UInt16.self))
    id = try Identifier(from: &reader)
    guard shard < shards, shards <= 1024 else { throw Refusal(.malformed, "shard \(shard) of \(shards)") }
  }
}
