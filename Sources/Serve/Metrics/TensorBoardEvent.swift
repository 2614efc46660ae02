import Kernels

/// A record of an event file that TensorBoard reads.
///
/// ```
///   0  8  byte count of the event
///   8  4  masked CRC-32C of the byte count
///  12  .  the event, a protocol buffer
///   .  4  masked CRC-32C of the event
/// ```
///
/// The event is `{1 wall_time double, 2 step int64, 3 file_version string | 5 summary {1 value {1 tag string, 2
/// simple_value float}}}`.
/// - SeeAlso: TensorFlow's `record_writer.cc` and `event.proto`.
package struct TensorBoardEvent {
  private var bytes: [UInt8] = []

  private init(time: Double, step: UInt64) {
    append(tag: 1, wire: 1)
    append(time.bitPattern)
    append(tag: 2, wire: 0)
    append(variable: step)
  }

  /// What a file begins with.
  package static func fileVersion(time: Double) -> TensorBoardEvent {
    var event = TensorBoardEvent(time: time, step: 0)
    event.append(tag: 3, Array("brain.Event:2".utf8))
    return event
  }

  /// Numbers by name, at a step.
  package static func scalars(_ scalars: [(tag: String, value: Float)], step: UInt64, time: Double) -> TensorBoardEvent
  {
    var summary = TensorBoardEvent()
    for scalar in scalars {
      var value = TensorBoardEvent()
      value.append(tag: 1, Array(scalar.tag.utf8))
      value.append(tag: 2, wire: 5)
      value.append(scalar.value.bitPattern)
      summary.append(tag: 1, value.bytes)
    }
    var event = TensorBoardEvent(time: time, step: step)
    event.append(tag: 5, summary.bytes)
    return event
  }

  private init() {}

  /// The event with its length and checksums.
  package var record: [UInt8] {
    var length = TensorBoardEvent()
    length.append(UInt64(bytes.count))
    var record = TensorBoardEvent()
    record.bytes = length.bytes
    record.append(Self.maskedChecksum(length.bytes))
    record.bytes += bytes
    record.append(Self.maskedChecksum(bytes))
    return record.bytes
  }

  private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let checksum = Checksum.crc32c(bytes.span)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }

  private mutating func append(tag: UInt8, wire: UInt8) { bytes.append(tag << 3 | wire) }

  private mutating func append(tag: UInt8, _ content: [UInt8]) {
    append(tag: tag, wire: 2)
    append(variable: UInt64(content.count))
    bytes += content
  }

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  private mutating func append(variable number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
