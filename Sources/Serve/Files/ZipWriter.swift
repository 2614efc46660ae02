/// Writes a zip archive of stored members, as ``ZipArchive`` draws it: the same members always give the same bytes.
package struct ZipWriter: ~Copyable {
  private let path: String
  private var directory: [UInt8] = []
  private var memberCount = 0
  private var offset = 0

  private static let version: UInt16 = 20
  private static let utf8Names: UInt16 = 1 << 11
  /// 1 January 1980, the earliest date of the format.
  private static let date: UInt16 = 1 << 5 | 1

  /// An archive that is written to `path`, from its beginning on.
  package init(_ path: String) { self.path = path }

  /// Appends a member whose content is `header` and then `values`.
  package mutating func add(
    _ name: String, _ header: [UInt8], _ values: [Float], to file: borrowing OutputFile
  ) throws(DataError) {
    let byteCount = header.count + values.count * MemoryLayout<Float>.stride
    let nameBytes = Array(name.utf8)
    let end = offset + ZipArchive.headerByteCount + nameBytes.count + byteCount
    guard end < UInt32.max, memberCount < UInt16.max, nameBytes.count <= UInt16.max else {
      throw DataError(path, .tooLarge(what: "the archive", limit: "4 GiB, the most that its format holds"))
    }
    var description = Self.little(Self.version) + Self.little(Self.utf8Names) + Self.little(UInt16(0))
    description += Self.little(UInt16(0)) + Self.little(Self.date)
    description += Self.little(ZipArchive.checksum(values, continuing: ZipArchive.checksum(header)))
    description += Self.little(UInt32(byteCount)) + Self.little(UInt32(byteCount))
    description += Self.little(UInt16(nameBytes.count)) + Self.little(UInt16(0))
    try file.write(ZipArchive.signature(3, 4) + description + nameBytes)
    try file.write(header)
    try file.write(values)
    directory += ZipArchive.signature(1, 2) + Self.little(Self.version) + description
    // No comment, the first volume, no attributes.
    directory += [UInt8](repeating: 0, count: 10) + Self.little(UInt32(offset)) + nameBytes
    offset = end
    memberCount += 1
  }

  /// Writes the directory.
  package consuming func finish(_ file: borrowing OutputFile) throws(DataError) {
    guard offset + directory.count < UInt32.max else {
      throw DataError(path, .tooLarge(what: "the archive", limit: "4 GiB, the most that its format holds"))
    }
    let count = Self.little(UInt16(memberCount))
    try file.write(
      directory + ZipArchive.signature(5, 6) + Self.little(UInt32(0)) + count + count
        + Self.little(UInt32(directory.count)) + Self.little(UInt32(offset)) + Self.little(UInt16(0)))
  }

  private static func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    (0..<Integer.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Integer(8 * $0)) }
  }
}
