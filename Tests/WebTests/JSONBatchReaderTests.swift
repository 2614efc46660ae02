import Kernels
import Serve
import Testing
import Web

@Suite struct `The reader of batches in JSON` {
  private func read(_ text: String) throws -> BatchBody {
    var reader = JSONBatchReader(Array(text.utf8))
    return try reader.read()
  }

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

  @Test(arguments: [
    "{\"x\": [0x10]}", "{\"x\": [+1]}", "{\"x\": [.5]}", "{\"x\": [1.]}", "{\"x\": [01]}", "{\"x\": [-]}",
    "{\"x\": [1e]}", "{\"x\": [--1]}", "{\"x\": [1,]}", "{\"x\": [null]}",
    "{\"x\": [[1], 2, [3, 4]]}", "{\"x\": 1}", "{\"x\": [1], \"x\": [1]}", "{\"begin\": -1}", "{\"begin\": 1.5}",
    "{\"end\": 18446744073709551616}", "{\"source\": \"a\\nb\"}", "{\"x\": [[[[[[[[[[1]]]]]]]]]]}", "{\"x\": [1]} 2",
    "{\"x\": [inf]}",
  ])
  func `refuses what is not JSON, or not a batch`(_ text: String) {
    #expect(throws: ServiceError.self) { try read(text) }
  }
}
