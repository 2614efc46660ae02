import Kernels
import Serve
import Testing

@Suite struct `An event file for TensorBoard` {
  @Test func `begins with the record that TensorFlow writes`() {
    // From TensorFlow 2.21, with the step 0 that protocol buffers may leave out.
    let record = TensorBoardEvent.fileVersion(time: 1.5).record
    #expect(record[0..<8] == [26, 0, 0, 0, 0, 0, 0, 0])
    #expect(record[12..<21] == [9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f])
    #expect(Array(record[21..<38]) == [16, 0, 26, 13] + Array("brain.Event:2".utf8))
  }

  @Test func `holds numbers under their names`() {
    let record = TensorBoardEvent.scalars([("loss", 0.5)], step: 300, time: 0).record
    let summary: [UInt8] = [10, 11, 10, 4] + Array("loss".utf8) + [21, 0, 0, 0, 0x3f]
    #expect(Array(record[21...].dropLast(4)) == [16, 0xac, 2, 42, UInt8(summary.count)] + summary)
  }

  @Test func `protects length and event with masked checksums`() {
    let record = TensorBoardEvent.scalars([("a", 1)], step: 1, time: 2).record
    func masked(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      let sum = Checksum.crc32c(Array(bytes).span)
      let masked = (sum >> 15 | sum << 17) &+ 0xa282_ead8
      return (0..<4).map { UInt8(truncatingIfNeeded: masked >> (8 * $0)) }
    }
    #expect(Array(record[8..<12]) == masked(record[0..<8]))
    #expect(Array(record.suffix(4)) == masked(record[12..<record.count - 4]))
  }
}
