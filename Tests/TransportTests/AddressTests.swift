import Testing
import Transport

@Suite struct `An address` {
  @Test(arguments: [
    ("127.0.0.1:7070", Address.tcp(host: "127.0.0.1", port: 7070)), ("localhost:0", .tcp(host: "localhost", port: 0)),
    ("[::1]:65535", .tcp(host: "::1", port: 65535)), ("unix:/tmp/ps.sock", .unix(path: "/tmp/ps.sock")),
    ("unix:ps.sock", .unix(path: "ps.sock")),
  ])
  func `is read and written alike`(_ text: String, _ address: Address) throws {
    #expect(try Address(text) == address)
    #expect("\(address)" == text)
  }

  @Test(arguments: [
    "", ":", "localhost", "localhost:", ":7070", "localhost:-1", "localhost:65536", "localhost:x", "::1:7070", "[]:1",
    "unix:", "unix:" + String(repeating: "p", count: 108),
  ])
  func `that is none is refused, and the text is named`(_ text: String) {
    let error = #expect(throws: AddressError.self) { try Address(text) }
    #expect(error?.text == text)
  }
}
