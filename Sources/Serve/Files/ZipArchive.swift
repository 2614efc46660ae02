import CZlib
import GraphDefImport
import Kernels

/// A zip archive whose members are stored or deflated, as NumPy and Python write them.
///
/// Read from its end, where the directory is:
///
/// ```
/// for each member
///    0  4  'PK' 3 4      14  4  CRC-32                  26  2  length of the name
///    4  2  version       18  4  compressed bytes        28  2  length of the extra field
///    6  2  flags         22  4  bytes                   30  .  name, extra field, compressed bytes
///    8  2  method        (10: time, 12: date)
/// the directory, for each member
///    0  4  'PK' 1 2      16  4  CRC-32                  30  2  length of the extra field
///    8  2  flags         20  4  compressed bytes        32  2  length of the comment
///   10  2  method        24  4  bytes                   42  4  where the member begins
///                        28  2  length of the name      46  .  name, extra field, comment
/// the end
///    0  4  'PK' 5 6      10  2  members                 16  4  where the directory begins
///                        12  4  bytes of the directory  20  2  length of the comment that follows
/// ```
///
/// - SeeAlso: PKWARE, *APPNOTE.TXT*. Archives and members of 4 GiB and more, encryption and several volumes are not read.
package struct ZipArchive: Sendable {
  /// A member as the directory describes it.
  package struct Member: Hashable, Sendable {
    /// The name.
    package var name: String
    /// The number of bytes once decompressed.
    package var byteCount: Int

    fileprivate var isDeflated: Bool
    fileprivate var checksum: UInt32
    fileprivate var compressedByteCount: Int
    fileprivate var offset: Int
  }

  /// The members in the directory's order; no two have one name.
  package let members: [Member]

  private let file: BinaryFile
  private let directoryOffset: Int

  private static let endByteCount = 22
  private static let entryByteCount = 46
  static let headerByteCount = 30

  /// Opens the archive at `path` and reads its directory.
  package init(_ path: String) throws(DataError) {
    file = try BinaryFile(path)
    let (end, endOffset) = try Self.end(of: file)
    let count = Int(end.littleEndian(UInt16.self, at: 10))
    let byteCount = Int(end.littleEndian(UInt32.self, at: 12))
    directoryOffset = Int(end.littleEndian(UInt32.self, at: 16))
    guard byteCount != UInt32.max, directoryOffset != UInt32.max, count != UInt16.max else {
      throw DataError(path, .unsupportedType(found: "a zip64 archive", supported: "archives below 4 GiB"))
    }
    guard directoryOffset + byteCount == endOffset else {
      throw DataError(path, .malformedHeader("the directory of the archive is not where its end says"))
    }
    let bytes = try file.bytes(at: directoryOffset, count: byteCount)
    members = try Self.members(bytes, count: count, path)
  }

  /// The record at the end, and where it begins: behind it is only a comment.
  private static func end(of file: BinaryFile) throws(DataError) -> (record: [UInt8], offset: Int) {
    let count = min(file.byteCount, endByteCount + Int(UInt16.max))
    let start = file.byteCount - count
    let tail = try file.bytes(at: start, count: count)
    for offset in stride(from: count - endByteCount, through: 0, by: -1)
    where tail[offset...].starts(with: signature(5, 6))
      && offset + endByteCount + Int(tail.littleEndian(UInt16.self, at: offset + 20)) == count
    {
      return (Array(tail[offset..<offset + endByteCount]), start + offset)
    }
    let beginning = try file.bytes(at: 0, count: min(4, file.byteCount))
    guard beginning == signature(3, 4) else {
      let found = beginning.hexadecimal(separator: " ")
      throw DataError(file.path, .wrongMagic(found: found, expected: "50 4b 03 04 (a .npz file)"))
    }
    throw DataError(file.path, .malformedHeader("the archive has no directory at its end; the file is incomplete"))
  }

  private static func members(_ bytes: [UInt8], count: Int, _ path: String) throws(DataError) -> [Member] {
    var members: [Member] = []
    var names: Set<String> = []
    var start = 0
    for _ in 0..<count {
      guard bytes.count - start >= entryByteCount, bytes[start...].starts(with: signature(1, 2)) else {
        throw DataError(path, .malformedHeader("the directory has no member at its byte \(start)"))
      }
      let nameEnd = start + entryByteCount + Int(bytes.littleEndian(UInt16.self, at: start + 28))
      let rest =
        Int(bytes.littleEndian(UInt16.self, at: start + 30)) + Int(bytes.littleEndian(UInt16.self, at: start + 32))
      guard nameEnd + rest <= bytes.count,
        let name = String(validating: bytes[start + entryByteCount..<nameEnd], as: UTF8.self)
      else { throw DataError(path, .malformedHeader("the directory's member at byte \(start) has no name in UTF-8")) }
      guard names.insert(name).inserted else {
        throw DataError(path, .malformedHeader("there are two members '\(name)'"))
      }
      members.append(try member(name, bytes[start..<nameEnd], path))
      start = nameEnd + rest
    }
    return members
  }

  private static func member(_ name: String, _ entry: ArraySlice<UInt8>, _ path: String) throws(DataError) -> Member {
    let start = entry.startIndex
    let method = entry.littleEndian(UInt16.self, at: start + 10)
    guard method == 0 || method == 8, entry.littleEndian(UInt16.self, at: start + 8) & 1 == 0 else {
      throw DataError(
        "\(path), '\(name)'",
        .unsupportedType(found: "a member of method \(method), or encrypted", supported: "stored or deflated ones"))
    }
    return Member(
      name: name, byteCount: Int(entry.littleEndian(UInt32.self, at: start + 24)), isDeflated: method == 8,
      checksum: entry.littleEndian(UInt32.self, at: start + 16),
      compressedByteCount: Int(entry.littleEndian(UInt32.self, at: start + 20)),
      offset: Int(entry.littleEndian(UInt32.self, at: start + 42)))
  }

  static func signature(_ a: UInt8, _ b: UInt8) -> [UInt8] { Array("PK".utf8) + [a, b] }

  /// The bytes of `member`, of which there may be `limit`.
  package func contents(of member: Member, upTo limit: Int) throws(DataError) -> [UInt8] {
    let place = "\(file.path), '\(member.name)'"
    guard member.byteCount <= limit else {
      throw DataError(place, .tooLarge(what: "its content (\(member.byteCount) bytes)", limit: "\(limit) bytes"))
    }
    guard member.isDeflated || member.byteCount == member.compressedByteCount else {
      throw DataError(place, .malformedHeader("it is stored, but has two sizes"))
    }
    let header = try file.bytes(at: member.offset, count: Self.headerByteCount)
    guard header.starts(with: Self.signature(3, 4)) else {
      throw DataError(place, .malformedHeader("it is not where the directory says"))
    }
    let start =
      member.offset + Self.headerByteCount + Int(header.littleEndian(UInt16.self, at: 26))
      + Int(header.littleEndian(UInt16.self, at: 28))
    guard start + member.compressedByteCount <= directoryOffset else {
      throw DataError(place, .malformedHeader("it ends behind the archive's directory"))
    }
    let stored = try file.bytes(at: start, count: member.compressedByteCount)
    let contents = member.isDeflated ? try Self.inflate(stored, to: member.byteCount, place) : stored
    guard Self.checksum(contents) == member.checksum else {
      throw DataError(place, .corruptCompression("its checksum is not the directory's"))
    }
    return contents
  }

  private static func inflate(_ bytes: [UInt8], to byteCount: Int, _ place: String) throws(DataError) -> [UInt8] {
    // One byte more shows a stream that goes on.
    var contents = [UInt8](repeating: 0, count: byteCount + 1)
    let inflater = Inflater(.raw)
    var (consumed, produced) = (0, 0)
    while true {
      let outcome = unsafe bytes.withUnsafeBytes { source in
        unsafe contents.withUnsafeMutableBytes { target in
          // Safety: both ranges lie within their arrays.
          unsafe inflater.inflate(
            UnsafeRawBufferPointer(rebasing: source[consumed...]),
            into: UnsafeMutableRawBufferPointer(rebasing: target[produced...]))
        }
      }
      guard let outcome else { throw DataError(place, .corruptCompression("the compressed data is damaged")) }
      consumed += outcome.consumed
      produced += outcome.produced
      if outcome.memberEnded { break }
      guard outcome.consumed > 0 || outcome.produced > 0, produced <= byteCount else {
        throw DataError(place, .corruptCompression("the compressed data does not end where the directory says"))
      }
    }
    guard produced == byteCount, consumed == bytes.count else {
      throw DataError(place, .disagreement(what: "the content", found: "\(produced) bytes", expected: "\(byteCount)"))
    }
    contents.removeLast()
    return contents
  }

  /// The CRC-32 of the bytes of `scalars`, or of what `checksum` is that of followed by them.
  package static func checksum<Scalar: BitwiseCopyable>(_ scalars: [Scalar], continuing checksum: UInt32 = 0) -> UInt32
  {
    unsafe scalars.withUnsafeBytes { bytes in
      // Safety: zlib reads exactly these bytes; for none it would return the checksum of nothing instead.
      guard let base = bytes.baseAddress, bytes.count > 0 else { return checksum }
      let first = unsafe base.assumingMemoryBound(to: UInt8.self)
      return UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(checksum), first, bytes.count))
    }
  }
}
