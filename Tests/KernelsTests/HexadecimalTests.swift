import Kernels
import Testing

@Suite struct `Hexadecimal digits` {
  @Test func `are as many as a number's type has`() {
    #expect(UInt8(0).hexadecimal == "00" && UInt8.max.hexadecimal == "ff")
    #expect(UInt32(0xBEEF).hexadecimal == "0000beef")
    #expect(UInt64(1).hexadecimal == "0000000000000001")
  }

  @Test func `are two for each byte, and lead back`() {
    let bytes: [UInt8] = [0, 0x1A, 0xFF]
    #expect(bytes.hexadecimal() == "001aff")
    #expect(bytes.hexadecimal(separator: " ") == "00 1a ff")
    #expect([UInt8](hexadecimal: "001aFF") == bytes)
  }

  @Test(arguments: ["0", "0g", "+1", "0x", "0 ", "1ä", "１１"]) func `are nothing else`(_ text: String) {
    #expect([UInt8](hexadecimal: text) == nil)
  }
}
