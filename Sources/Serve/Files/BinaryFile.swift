import Files
import GraphDefImport
import Kernels

/// A file of little-endian numbers, read anywhere; nothing takes memory that the file does not have bytes for.
package struct BinaryFile: Sendable {
  /// Its name.
  package let path: String
  /// Its size.
  package let byteCount: Int

  private let file: RandomAccessFile

  /// Opens the file at `path`.
  package init(_ path: String) throws(DataError) {
    do throws(FileError) { file = try RandomAccessFile(path) } catch {
      throw DataError(path, .unreadable(error.reason, hint: ""))
    }
    self.path = path
    byteCount = file.byteCount
  }

  /// The `count` bytes from `offset` on.
  package func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    try scalars(at: offset, count: count, of: UInt8(0))
  }

  /// The `count` floats from `offset` on.
  package func floats(at offset: Int, count: Int) throws(DataError) -> [Float] {
    try scalars(at: offset, count: count, of: Float(0))
  }

  /// The unsigned 64-bit integer at `offset`.
  package func integer(at offset: Int) throws(DataError) -> UInt64 {
    try bytes(at: offset, count: 8).littleEndian(UInt64.self, at: 0)
  }

  /// Checks that there are `count` elements of `size` bytes from `offset` on, and returns where they end.
  package func end(of count: UInt64, elementsOf size: UInt64 = 1, from offset: Int) throws(DataError) -> Int {
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: size)
    let (end, isTooFar) = bytes.addingReportingOverflow(UInt64(offset))
    guard !isTooLarge, !isTooFar, end <= UInt64(byteCount) else {
      throw DataError(
        path, .truncated(expected: isTooLarge || isTooFar ? .max : Int(clamping: end), found: byteCount))
    }
    return Int(end)
  }

  private func scalars<Scalar: BitwiseCopyable>(
    at offset: Int, count: Int, of zero: Scalar
  ) throws(DataError) -> [Scalar] {
    let end = try end(of: UInt64(count), elementsOf: UInt64(MemoryLayout<Scalar>.stride), from: offset)
    var scalars = [Scalar](repeating: zero, count: count)
    let came: Int
    do throws(FileError) {
      came = try scalars.withMemoryView { view throws(FileError) in try file.read(at: offset, into: view.bytes) }
    } catch { throw DataError(path, .inputOutput("reading failed: \(error.reason)")) }
    guard came == end - offset else { throw DataError(path, .truncated(expected: end, found: offset + came)) }
    return scalars
  }
}
