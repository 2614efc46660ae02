import Kernels

/// Reads and writes .npy files, the format NumPy stores one array in.
///
/// ```
///   0  6  magic          93 'NUMPY'
///   6  1  major version  1, 2 or 3
///   7  1  minor version  0
///   8  2  header length  u16 in version 1, u32 (4 bytes) later; little-endian
///   .  .  header         a Python dictionary, see ``NpyHeader``
///   .  .  values         nothing else
/// ```
///
/// Read: `<f2 <f4 <f8 |i1 <i2 <i4 <i8 |u1 <u2 <u4 |b1`, widened to the nearest case of ``NpyArray/Values``.
/// - SeeAlso: numpy.lib.format, NumPy Enhancement Proposal 1.
public enum NpyFile {
  /// The first six bytes.
  package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Longer headers are refused.
  package static let largestHeader = 1 << 16

  /// Reads the array in the file at `path`.
  public static func read(_ path: String) throws(DataError) -> NpyArray {
    try read(ByteStream(path: path))
  }

  /// Reads the array in `bytes`; errors call it `name`.
  public static func decode(_ bytes: [UInt8], name: String) throws(DataError) -> NpyArray {
    try read(ByteStream(InputFile(bytes: bytes, name: name)))
  }

  /// Writes `array` to the file at `path`, replacing it as a whole.
  public static func write(_ array: NpyArray, to path: String) throws(DataError) {
    let header = NpyHeader(descriptor: array.values.descriptor, shape: array.shape).encoded
    try OutputFile.replace(path) { (file) throws(DataError) in
      try file.write(header)
      switch array.values {
      case .float32(let values): try file.write(values)
      case .float64(let values): try file.write(values)
      case .int32(let values): try file.write(values)
      case .int64(let values): try file.write(values)
      case .uint8(let values): try file.write(values)
      case .bool(let values): try file.write(values)
      }
    }
  }

  /// The bytes of a file that holds `array`, for networks.
  public static func encode(_ array: NpyArray) -> [UInt8] {
    var bytes = NpyHeader(descriptor: array.values.descriptor, shape: array.shape).encoded
    func append<Scalar: BitwiseCopyable>(_ values: [Scalar]) {
      var values = values
      values.withMemoryView { bytes += $0.bytes.array }
    }
    switch array.values {
    case .float32(let values): append(values)
    case .float64(let values): append(values)
    case .int32(let values): append(values)
    case .int64(let values): append(values)
    case .uint8(let values): append(values)
    case .bool(let values): append(values)
    }
    return bytes
  }

  private static func read(_ stream: ByteStream) throws(DataError) -> NpyArray {
    let (header, headerByteCount) = try readHeader(stream)
    var count = 1
    for extent in header.shape {
      let product = count.multipliedReportingOverflow(by: extent)
      guard !product.overflow else {
        throw DataError(stream.name, .tooLarge(what: "shape \(header.shape)", limit: "2^63 elements"))
      }
      count = product.partialValue
    }
    let reader = ValueReader(stream: stream, header: header, count: count, headerByteCount: headerByteCount)
    return NpyArray(shape: header.shape, values: try reader.values())
  }

  private static func readHeader(_ stream: ByteStream) throws(DataError) -> (NpyHeader, byteCount: Int) {
    var prefix = [UInt8](repeating: 0, count: 8)
    let prefixCount = try stream.fill(&prefix)
    guard prefix.prefix(prefixCount).starts(with: magic) || prefixCount < magic.count else {
      let found = prefix.hexadecimal(separator: " ")
      throw DataError(stream.name, .wrongMagic(found: found, expected: "93 'NUMPY' (a .npy file)"))
    }
    guard prefixCount == prefix.count else {
      throw DataError(stream.name, .truncated(expected: 10, found: prefixCount))
    }
    let (major, minor) = (prefix[6], prefix[7])
    guard (1...3).contains(major), minor == 0 else {
      throw DataError(stream.name, .unsupportedType(found: ".npy version \(major).\(minor)", supported: "1.0 to 3.0"))
    }
    var lengthBytes = [UInt8](repeating: 0, count: major == 1 ? 2 : 4)
    let lengthCount = try stream.fill(&lengthBytes)
    let fixed = prefix.count + lengthBytes.count
    guard lengthCount == lengthBytes.count else {
      throw DataError(stream.name, .truncated(expected: fixed, found: prefix.count + lengthCount))
    }
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestHeader else {
      throw DataError(stream.name, .tooLarge(what: "the header (\(length) bytes)", limit: "\(largestHeader)"))
    }
    var text = [UInt8](repeating: 0, count: length)
    let textCount = try stream.fill(&text)
    guard textCount == length else {
      throw DataError(stream.name, .truncated(expected: fixed + length, found: fixed + textCount))
    }
    do throws(HeaderProblem) {
      return (try NpyHeader(parsing: text), fixed + length)
    } catch {
      throw DataError(stream.name, .malformedHeader(error.text))
    }
  }
}

/// Reads the values behind a header and brings them into row-major order.
private struct ValueReader {
  let stream: ByteStream
  let header: NpyHeader
  let count: Int
  let headerByteCount: Int

  func values() throws(DataError) -> NpyArray.Values {
    switch header.descriptor {
    case "<f4": .float32(try read(0))
    case "<f8": .float64(try read(0))
    case "<i4": .int32(try read(0))
    case "<i8": .int64(try read(0))
    case "|u1", "<u1": .uint8(try read(0))
    case "|b1": .bool(try read(UInt8(0)).map { $0 != 0 })
    case "<f2": .float32(try read(Float16(0)).map { Float($0) })
    case "|i1", "<i1": .int32(try read(Int8(0)).map { Int32($0) })
    case "<i2": .int32(try read(Int16(0)).map { Int32($0) })
    case "<u2": .int32(try read(UInt16(0)).map { Int32($0) })
    case "<u4": .int64(try read(UInt32(0)).map { Int64($0) })
    case let other where other.hasPrefix(">"):
      throw unsupported("big-endian values (\(other))", "little-endian ones: array.astype('<\(other.dropFirst())')")
    case let other:
      throw unsupported("values of type '\(other)'", "float32, float64, int32, int64, uint8 or bool")
    }
  }

  private func unsupported(_ found: String, _ supported: String) -> DataError {
    DataError(stream.name, .unsupportedType(found: found, supported: supported))
  }

  private func read<Scalar: BitwiseCopyable>(_ zero: Scalar) throws(DataError) -> [Scalar] {
    let scalars = try stream.readAll(count, of: zero, afterHeader: headerByteCount)
    guard header.isFortranOrder, header.shape.count(where: { $0 > 1 }) > 1 else { return scalars }
    return Self.rowMajor(scalars, header.shape, zero)
  }

  /// Reorders values stored with the first axis fastest.
  private static func rowMajor<Scalar>(_ scalars: [Scalar], _ shape: [Int], _ zero: Scalar) -> [Scalar] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    var ordered: [Scalar] = []
    ordered.reserveCapacity(scalars.count)
    while ordered.count < scalars.count {
      ordered.append(scalars[offset])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < shape[axis] { break }
        offset -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return ordered
  }
}
