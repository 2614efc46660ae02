import Files
public import Kernels

/// A scalar that safetensors files hold and Swift knows.
public protocol SafetensorsScalar: BitwiseCopyable, Sendable {
  /// Its type in the format.
  static var safetensorsType: SafetensorsType { get }
}

extension Float: SafetensorsScalar { public static var safetensorsType: SafetensorsType { .f32 } }
extension Double: SafetensorsScalar { public static var safetensorsType: SafetensorsType { .f64 } }
extension Int32: SafetensorsScalar { public static var safetensorsType: SafetensorsType { .i32 } }
extension Int64: SafetensorsScalar { public static var safetensorsType: SafetensorsType { .i64 } }

/// A safetensors file that is read tensor by tensor.
///
/// Every claim of the header is checked when the file is opened; memory is taken for what is read only.
public struct SafetensorsFile: Sendable {
  /// The name of the file.
  public var path: String { file.path }
  /// What the file holds.
  public let header: SafetensorsHeader

  private let file: RandomAccessFile
  private let dataOffset: Int

  /// Opens the file at `path` and reads its header.
  public init(_ path: String) throws(SafetensorsError) {
    do throws(FileError) { file = try RandomAccessFile(path) } catch { throw .file(error) }
    let prefix = try Self.bytes(of: file, at: 0, count: 8)
    guard prefix.count == 8 else { throw .truncatedHeader(expected: 8, found: prefix.count) }
    let stated = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard stated >= 2, stated <= SafetensorsHeader.byteLimit else {
      throw .notSafetensors(headerByteCount: stated, limit: SafetensorsHeader.byteLimit)
    }
    let headerByteCount = Int(stated)
    guard headerByteCount <= file.byteCount - 8 else {
      throw .truncatedHeader(expected: 8 + headerByteCount, found: file.byteCount)
    }
    let text = try Self.bytes(of: file, at: 8, count: headerByteCount)
    guard text.count == headerByteCount else {
      throw .truncatedHeader(expected: 8 + headerByteCount, found: 8 + text.count)
    }
    header = try SafetensorsHeader(decoding: text)
    dataOffset = 8 + headerByteCount
    guard header.dataByteCount == file.byteCount - dataOffset else {
      throw .wrongLength(expected: header.dataByteCount, found: file.byteCount - dataOffset)
    }
  }

  private static func bytes(
    of file: RandomAccessFile, at offset: Int, count: Int
  ) throws(SafetensorsError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, max(0, file.byteCount - offset)))
    do throws(FileError) {
      let got = try bytes.withMemoryView { view throws(FileError) in try file.read(at: offset, into: view) }
      bytes.removeLast(bytes.count - got)
    } catch { throw .file(error) }
    return bytes
  }

  /// Copies the elements of `tensor` from `offset` on, as many as `destination` has.
  public func read<Scalar: SafetensorsScalar>(
    _ tensor: String, from offset: Int = 0, into destination: MemoryView<Scalar>
  ) throws(SafetensorsError) {
    guard let entry = header.entry(named: tensor) else { throw .unknownTensor(tensor) }
    guard entry.type == Scalar.safetensorsType else {
      throw .otherType(tensor: tensor, found: entry.type, expected: Scalar.safetensorsType)
    }
    precondition(
      offset >= 0 && destination.count <= entry.count - offset,
      "elements from \(offset), \(destination.count) of them, of \(entry.count)")
    try read(at: entry.offset + offset * entry.type.byteCount, into: destination.bytes)
  }

  /// Copies bytes of the data from `offset` on.
  package func read(at offset: Int, into bytes: MemoryView<UInt8>) throws(SafetensorsError) {
    let count: Int
    do throws(FileError) { count = try file.read(at: dataOffset + offset, into: bytes) } catch { throw .file(error) }
    // The file was as long as its header says when it was opened.
    guard count == bytes.count else { throw .wrongLength(expected: header.dataByteCount, found: offset + count) }
  }

  /// All elements of `tensor`.
  public func read<Scalar: SafetensorsScalar & ExpressibleByIntegerLiteral>(
    _ tensor: String, as _: Scalar.Type = Scalar.self
  ) throws(SafetensorsError) -> [Scalar] {
    guard let entry = header.entry(named: tensor) else { throw .unknownTensor(tensor) }
    var values = [Scalar](repeating: 0, count: entry.count)
    try values.withMemoryView { view throws(SafetensorsError) in try read(tensor, into: view) }
    return values
  }
}
