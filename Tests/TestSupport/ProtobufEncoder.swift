/// Writes the fields of a protocol buffer message: the counterpart of the reader, for tests.
public struct ProtobufEncoder: Sendable {
  /// The message so far.
  public private(set) var bytes: [UInt8] = []

  /// An empty message.
  public init() {}

  /// Appends a base-128 integer without a tag.
  public mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Appends the tag of field `number` with wire type `wireType`.
  public mutating func appendTag(_ number: Int, wireType: Int) {
    appendVarint(UInt64(number) << 3 | UInt64(wireType))
  }

  /// Appends an integer, a bool or an enumeration.
  public mutating func varint(_ number: Int, _ value: Int64) {
    appendTag(number, wireType: 0)
    appendVarint(UInt64(bitPattern: value))
  }

  /// Appends a `float`.
  public mutating func float(_ number: Int, _ value: Float) {
    appendTag(number, wireType: 5)
    bytes += littleEndianBytes(value.bitPattern)
  }

  /// Appends a `double`.
  public mutating func double(_ number: Int, _ value: Double) {
    appendTag(number, wireType: 1)
    bytes += littleEndianBytes(value.bitPattern)
  }

  /// Appends bytes behind their length.
  public mutating func payload(_ number: Int, _ payload: some Collection<UInt8>) {
    appendTag(number, wireType: 2)
    appendVarint(UInt64(payload.count))
    bytes += payload
  }

  /// Appends a `string`.
  public mutating func string(_ number: Int, _ text: String) {
    payload(number, text.utf8)
  }

  /// Appends a message that `write` fills.
  public mutating func message(_ number: Int, _ write: (inout ProtobufEncoder) -> Void) {
    var message = ProtobufEncoder()
    write(&message)
    payload(number, message.bytes)
  }

  /// Appends a packed repeated field of varints; nothing if there is none.
  public mutating func packedVarints(_ number: Int, _ values: some Sequence<UInt64>) {
    var message = ProtobufEncoder()
    for value in values { message.appendVarint(value) }
    if !message.bytes.isEmpty { payload(number, message.bytes) }
  }
}

/// The bytes of `value`, least significant first.
public func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
