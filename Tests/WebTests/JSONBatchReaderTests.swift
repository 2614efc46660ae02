import Kernels
import Serve
import Testing
import Web

@Suite struct `The reader of batches in JSON` {
  private func read(_ bytes: [UInt8]) throws -> BatchBody {
    var reader = JSONBatchReader(bytes)
    return try reader.read()
  }

  private func read(_ text: String) throws -> BatchBody { try read(Array(text.utf8)) }

  @Test func `reads rows, nested rows and single numbers`() throws {
    let body = try read(
      " {\"x\" : [[1, [2.5, -3]], [4e1, [5E-1, 0]]], \"y\": [1, 0],\n\"source\": \"ä\", \"begin\": 0, \"end\": 18446744073709551615} "
    )
    #expect(body.x.values == [1, 2.5, -3, 40, 0.5, 0])
    #expect(body.x.count == 2 && body.x.width == 3)
    #expect(body.y.values == [1, 0] && body.y.width == 1)
    #expect(body.source == "ä" && body.end == .max)
  }

  @Test func `reads every number as a correctly rounded double does`() throws {
    var generator = SplitMix64(seed: 5)
    var texts = ["0", "-0", "0.1", "123456789012345", "1234567890123456", "0.000000000000001", "3.4028236e38", "1e-45"]
    for _ in 0..<2000 {
      texts.append("\(Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()) & 0xbf7f_ffff))")
      texts.append("\(Double(generator.next() >> 12) / Double(1 << 30))")
    }
    let numbers = texts.filter { $0 != "nan" && !$0.contains("inf") }
    let body = try read("{\"x\": [\(numbers.joined(separator: ","))]}")
    for (text, value) in zip(numbers, body.x.values) { #expect(value == Float(Double(text)!), "\(text)") }
  }

  @Test func `leaves values that are not finite to the model, which knows the position`() throws {
    let values = try read("{\"x\": [NaN, Infinity, -Infinity, 1e999]}").x.values
    #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity && values[3] == .infinity)
  }

  @Test func `refuses every proper prefix`() {
    let text = "{\"x\": [[1.5, 2], [3, 4e2]], \"y\": [1, 0], \"source\": \"s\", \"begin\": 10, \"end\": 12}"
    for count in 0..<text.utf8.count {
      #expect(throws: ServiceError.self, "\(text.prefix(count))") { try read(String(text.prefix(count))) }
    }
  }

  @Test func `takes names of up to 1,024 bytes`() throws {
    let name = String(repeating: "é", count: 512)
    #expect(try read("{\"source\": \"\(name)\"}").source == name)
    let error = #expect(throws: ServiceError.self) { try read("{\"source\": \"\(name)e\"}") }
    #expect(error?.message == "JSON, byte 12: a plain string of at most 1,024 bytes is expected")
  }

  @Test(arguments: [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFF]] as [[UInt8]])
  func `refuses names that are not UTF-8`(_ name: [UInt8]) {
    let bytes: [UInt8] = Array("{\"source\": \"".utf8) + name + Array("\"}".utf8)
    let error = #expect(throws: ServiceError.self) { try read(bytes) }
    #expect(error?.message == "JSON, byte \(13 + name.count): a string does not end, or is not UTF-8")
  }

  @Test(arguments: [
    ("{\"x\": [1, 0x10]}", "JSON, byte 10: a number is expected"),
    ("{\"x\": [1 2]}", "JSON, byte 9: ',' or ']' is expected"),
    ("{\"end\": 1.5}", "JSON, byte 8: \"end\" takes an integer from 0 to 2^64 - 1"),
    ("{\"x\": [[1]], }", "JSON, byte 13: a string is expected"),
  ])
  func `says where the trouble is`(_ text: String, _ message: String) {
    let error = #expect(throws: ServiceError.self) { try read(text) }
    #expect(error?.message == message)
  }

  @Test(arguments: [
    "{\"x\": [0x10]}", "{\"x\": [+1]}", "{\"x\": [.5]}", "{\"x\": [1.]}", "{\"x\": [01]}", "{\"x\": [-]}",
    "{\"x\": [1e]}", "{\"x\": [--1]}", "{\"x\": [1,]}", "{\"x\": [null]}",
    "{\"x\": [[1], 2, [3, 4]]}", "{\"x\": 1}", "{\"x\": [1], \"x\": [1]}", "{\"begin\": -1}", "{\"begin\": 1.5}",
    "{\"end\": 18446744073709551616}", "{\"source\": \"a\\nb\"}", "{\"x\": [[[[[[[[[[1]]]]]]]]]]}", "{\"x\": [1]} 2",
    "{\"x\": [inf]}", "{\"x\": [1]\u{B}}", "{\u{C}\"x\": [1]}", "{\"x\": [1],}", "{\"x\": [,1]}", "{} {}",
    "{\"x\": [[1],[2],]}", "{\"begin\": 007}", "{\"begin\": +7}", "{\"begin\": 1e2}", "{\"source\": \"a",
    "{\"source\": \"\u{1}\"}", "{\"s\\u006furce\": \"a\"}", "{\"source\": \"\\ud800\"}", "{x: [1]}",
  ])
  func `refuses what is not JSON, or not a batch`(_ text: String) {
    #expect(throws: ServiceError.self) { try read(text) }
  }
}
