import Kernels

/// Reads IDX files, the format of MNIST and its relatives.
///
/// ```
///   0  2   zero
///   2  1   type         8: unsigned bytes, the only one read here
///   3  1   rank         the number of axes
///   4  4r  extents      u32 each, big-endian
///   .  .   values       unsigned bytes, row-major, nothing after them
/// ```
///
/// - SeeAlso: Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*.
package enum IDXFile {
  /// The content of one file.
  package struct Content: Sendable {
    package var shape: [Int]
    package var bytes: [UInt8]
  }

  /// Reads the file at `path`, plain or gzip, whose rank must lie in `ranks`.
  package static func read(_ path: String, ranks: ClosedRange<Int>, hint: String = "") throws(DataError) -> Content {
    try read(ByteStream(path: path, hint: hint), ranks: ranks)
  }

  /// Reads all of `stream`.
  package static func read(_ stream: ByteStream, ranks: ClosedRange<Int>) throws(DataError) -> Content {
    var magic = [UInt8](repeating: 0, count: 4)
    let magicCount = try stream.fill(&magic)
    guard magicCount == 4 else { throw DataError(stream.name, .truncated(expected: 4, found: magicCount)) }
    guard magic[0] == 0, magic[1] == 0, magic[2] == 8, ranks.contains(Int(magic[3])) else {
      let expected = ranks.map { "00 00 08 0\($0)" }.joined(separator: " or ")
      let found = magic.hexadecimal(separator: " ")
      throw DataError(stream.name, .wrongMagic(found: found, expected: "\(expected) (an IDX file of bytes)"))
    }
    let headerByteCount = 4 + 4 * Int(magic[3])
    var extents = [UInt8](repeating: 0, count: headerByteCount - 4)
    let extentCount = try stream.fill(&extents)
    guard extentCount == extents.count else {
      throw DataError(stream.name, .truncated(expected: headerByteCount, found: 4 + extentCount))
    }
    let shape = stride(from: 0, to: extents.count, by: 4).map { start in
      extents[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    var count = 1
    for extent in shape {
      let product = count.multipliedReportingOverflow(by: extent)
      guard !product.overflow else {
        throw DataError(stream.name, .tooLarge(what: "shape \(shape)", limit: "2^63 bytes"))
      }
      count = product.partialValue
    }
    return Content(shape: shape, bytes: try stream.readAll(count, of: UInt8(0), afterHeader: headerByteCount))
  }
}
