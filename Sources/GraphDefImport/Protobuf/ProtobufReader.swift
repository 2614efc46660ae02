/// Reads one protocol buffer message, field by field, from bytes that nobody vouches for.
///
/// Every length is checked before it is used, nesting is bounded, and what a message holds costs no more memory than
/// a small multiple of its bytes. The file's bytes are shared by all readers and by the slices they hand out.
///
/// ```swift
/// while let field = try reader.nextField() {
///   switch field.number {
///   case 1: name = try reader.string(field, "name")
///   default: try reader.skip(field)
///   }
/// }
/// ```
package struct ProtobufReader: Sendable {
  /// How deep messages may lie in each other, as in Google's own readers.
  package static let maximumDepth = 100

  /// The whole file.
  package let bytes: [UInt8]

  /// Where the next byte is read, from the start of the file.
  package private(set) var offset: Int

  /// Where this message ends.
  package let end: Int

  /// How many messages enclose this one.
  private let depth: Int

  /// A reader of the message that fills `bytes`.
  package init(_ bytes: [UInt8]) {
    self.init(bytes, 0..<bytes.count, depth: 0)
  }

  private init(_ bytes: [UInt8], _ range: Range<Int>, depth: Int) {
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
    self.depth = depth
  }

  /// The tag of the next field, or `nil` at the end of the message.
  package mutating func nextField() throws(ProtobufError) -> ProtobufField? {
    guard offset < end else { return nil }
    let start = offset
    let tag = try varint()
    guard let tag = UInt32(exactly: tag), tag >= 8 else {
      throw ProtobufError(offset: start, found: "tag \(tag)", expected: "a field number in 1...536870911")
    }
    guard let wireType = WireType(rawValue: UInt8(tag & 7)) else {
      throw ProtobufError(offset: start, found: "wire type \(tag & 7)", expected: "wire type 0, 1, 2 or 5")
    }
    guard wireType != .startGroup, wireType != .endGroup else {
      throw ProtobufError(offset: start, found: "a group in field \(tag >> 3)", expected: "no groups")
    }
    return ProtobufField(number: Int(tag >> 3), wireType: wireType, offset: start)
  }

  /// Passes over the value of `field`.
  package mutating func skip(_ field: ProtobufField) throws(ProtobufError) {
    switch field.wireType {
    case .varint: _ = try varint()
    case .fixed64: _ = try fixed64()
    case .fixed32: _ = try fixed32()
    case .lengthDelimited: offset = try payload().upperBound
    case .startGroup, .endGroup:
      throw ProtobufError(offset: field.offset, found: "a group", expected: "no groups")
    }
  }
}

extension ProtobufReader {
  /// A base-128 integer of at most 64 bits.
  package mutating func varint() throws(ProtobufError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < end {
      let byte = bytes[offset]
      offset += 1
      guard shift < 63 || byte <= 1 else {
        throw ProtobufError(
          offset: start, found: "a varint of more than 64 bits", expected: "at most 10 bytes, the last at most 1")
      }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw truncation(at: start, found: "\(end - start) bytes of a varint", expected: "its last byte")
  }

  /// Four little-endian bytes.
  package mutating func fixed32() throws(ProtobufError) -> UInt32 {
    try need(4)
    defer { offset += 4 }
    return bytes.littleEndian(UInt32.self, at: offset)
  }

  /// Eight little-endian bytes.
  package mutating func fixed64() throws(ProtobufError) -> UInt64 {
    try need(8)
    defer { offset += 8 }
    return bytes.littleEndian(UInt64.self, at: offset)
  }

  /// The bytes that a length stands before; the reader then stands behind the length.
  private mutating func payload() throws(ProtobufError) -> Range<Int> {
    let start = offset
    let length = try varint()
    guard let count = Int(exactly: length), count <= end - offset else {
      throw truncation(
        at: start, found: "a length of \(length) with \(end - offset) bytes left", expected: "a length that fits")
    }
    return offset..<(offset + count)
  }

  private func need(_ count: Int) throws(ProtobufError) {
    guard count <= end - offset else {
      throw truncation(at: offset, found: "\(end - offset) bytes", expected: "\(count)")
    }
  }

  private func truncation(at offset: Int, found: String, expected: String) -> ProtobufError {
    ProtobufError(offset: offset, found: found, expected: expected, isTruncation: depth == 0)
  }
}

extension ProtobufReader {
  /// Checks that the value of `field`, called `name`, is laid out as `wireType`.
  package func expect(
    _ wireType: WireType, _ field: ProtobufField, _ name: StaticString
  ) throws(ProtobufError) {
    guard field.wireType == wireType else {
      throw ProtobufError(
        offset: field.offset, path: ["\(name)"], found: field.wireType.name, expected: wireType.name)
    }
  }

  /// The varint of `field`.
  package mutating func varint(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> UInt64 {
    try expect(.varint, field, name)
    return try within(name) { reader throws(ProtobufError) in try reader.varint() }
  }

  /// An `int64` field.
  package mutating func int64(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> Int64 {
    Int64(bitPattern: try varint(field, name))
  }

  /// An `int32` or enumeration field: the low 32 bits, as the format prescribes.
  package mutating func int32(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> Int32 {
    Int32(truncatingIfNeeded: try varint(field, name))
  }

  /// A `bool` field.
  package mutating func bool(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> Bool {
    try varint(field, name) != 0
  }

  /// A `float` field.
  package mutating func float(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> Float {
    try expect(.fixed32, field, name)
    return Float(bitPattern: try within(name) { reader throws(ProtobufError) in try reader.fixed32() })
  }

  /// A `bytes` field, as a slice of the file.
  package mutating func slice(
    _ field: ProtobufField, _ name: StaticString
  ) throws(ProtobufError) -> ArraySlice<UInt8> {
    try expect(.lengthDelimited, field, name)
    let range = try within(name) { reader throws(ProtobufError) in try reader.payload() }
    offset = range.upperBound
    return bytes[range]
  }

  /// A `string` field, which must be UTF-8.
  package mutating func string(_ field: ProtobufField, _ name: StaticString) throws(ProtobufError) -> String {
    try expect(.lengthDelimited, field, name)
    let range = try within(name) { reader throws(ProtobufError) in try reader.payload() }
    offset = range.upperBound
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.span.extracting(range)))
    } catch {
      throw ProtobufError(
        offset: range.lowerBound, path: ["\(name)"], found: "bytes that are not UTF-8", expected: "a string")
    }
  }

  /// A field that is a message, or the `index`th one of a repeated field.
  package mutating func message<Message>(
    _ field: ProtobufField, _ name: StaticString, index: Int? = nil,
    _ decode: (inout ProtobufReader) throws(ProtobufError) -> Message
  ) throws(ProtobufError) -> Message {
    do throws(ProtobufError) { return try message(field, decode) } catch {
      throw error.within(index.map { "\(name)[\($0)]" } ?? "\(name)")
    }
  }

  /// A field that is a message, which the caller names in errors.
  package mutating func message<Message>(
    _ field: ProtobufField, _ decode: (inout ProtobufReader) throws(ProtobufError) -> Message
  ) throws(ProtobufError) -> Message {
    guard field.wireType == .lengthDelimited else {
      throw ProtobufError(offset: field.offset, found: field.wireType.name, expected: "a message")
    }
    let range = try payload()
    guard depth < Self.maximumDepth else {
      throw ProtobufError(
        offset: field.offset, found: "messages \(depth + 1) deep", expected: "at most \(Self.maximumDepth)")
    }
    var reader = ProtobufReader(bytes, range, depth: depth + 1)
    let message = try decode(&reader)
    offset = range.upperBound
    return message
  }

  /// Appends the values of a repeated scalar `field`, packed or one by one, each read by `read`.
  ///
  /// - Parameters:
  ///   - wireType: How one value is laid out when it stands alone.
  ///   - leastByteCount: The fewest bytes of a value: room is made at once, and never for more than there is.
  package mutating func append<Value>(
    _ field: ProtobufField, _ name: StaticString, to values: inout [Value],
    each wireType: WireType = .varint, leastByteCount: Int = 1,
    _ read: (inout ProtobufReader) throws(ProtobufError) -> Value
  ) throws(ProtobufError) {
    guard field.wireType == .lengthDelimited else {
      try expect(wireType, field, name)
      values.append(try within(name) { reader throws(ProtobufError) in try read(&reader) })
      return
    }
    let range = try within(name) { reader throws(ProtobufError) in try reader.payload() }
    var reader = ProtobufReader(bytes, range, depth: depth + 1)
    if values.isEmpty { values.reserveCapacity(range.count / leastByteCount) }
    do throws(ProtobufError) {
      while reader.offset < reader.end { values.append(try read(&reader)) }
    } catch {
      throw error.within("\(name)[\(values.count)]")
    }
    offset = range.upperBound
  }

  private mutating func within<Value>(
    _ name: StaticString, _ read: (inout ProtobufReader) throws(ProtobufError) -> Value
  ) throws(ProtobufError) -> Value {
    do throws(ProtobufError) { return try read(&self) } catch { throw error.within("\(name)") }
  }
}

extension RandomAccessCollection<UInt8> where Index == Int {
  /// The little-endian integer whose first byte stands at `index`.
  @inline(__always)
  package func littleEndian<Integer: FixedWidthInteger>(_ type: Integer.Type, at index: Int) -> Integer {
    var value: Integer = 0
    for byte in 0..<(Integer.bitWidth / 8) {
      value |= Integer(truncatingIfNeeded: self[index + byte]) << Integer(8 * byte)
    }
    return value
  }
}
