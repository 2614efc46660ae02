import Kernels
import Testing

@Suite struct `CRC-32C` {
  /// The definition, bit by bit.
  private func definition(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var state = UInt32.max
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state & 1 == 0 ? state >> 1 : state >> 1 ^ 0x82F6_3B78 }
    }
    return ~state
  }

  // The examples of RFC 3720, and the catalogue's check value.
  static let published: [([UInt8], UInt32)] = [
    (Array("123456789".utf8), 0xE306_9283), ([], 0), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 255, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
  ]

  @Test(arguments: published) func `gives the published values`(_ bytes: [UInt8], _ expected: UInt32) {
    #expect(Checksum.crc32c(bytes.span) == expected)
    #expect(Checksum.portableCRC32C(bytes.span) == expected)
  }

  @Test(arguments: [1, 7, 8, 9, 255, 256, 257, 511, 512, 4079, 4080, 4081, 10_000, 16_127, 16_128, 16_129, 50_000])
  func `is the same with and without the instruction, whole and in parts`(_ count: Int) {
    var generator = SplitMix64(seed: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let expected = definition(bytes)
    #expect(Checksum.crc32c(bytes.span) == expected)
    #expect(Checksum.portableCRC32C(bytes.span) == expected)
    let cut = Int.random(in: 0...count, using: &generator)
    let first = Checksum.crc32c(bytes.span.extracting(0..<cut))
    #expect(Checksum.crc32c(bytes.span.extracting(cut..<count), continuing: first) == expected)
    let portable = Checksum.portableCRC32C(bytes.span.extracting(0..<cut))
    #expect(Checksum.portableCRC32C(bytes.span.extracting(cut..<count), continuing: portable) == expected)
  }
}
