import NIOCore
import Testing
import Wire

/// The protocol's published vectors, computed by an independent encoder.
@Suite struct `The golden vectors` {
  @Test func `of a ping are what we send`() {
    var writer = MessageWriter()
    writer.integer(UInt64(0x0102_0304_0506_0708))
    let frame = Frame(.ping, requestID: 1, payload: writer.payload)
    #expect(
      frame.hexadecimal
        == "894f4c50010500000800000000000000010000000000000" + "01c02f926074568710807060504030201")
  }

  @Test func `of a request without a payload are what we send`() {
    let frame = Frame(MessageType(rawValue: 0x1B), requestID: 2)
    #expect(frame.hexadecimal == "894f4c50011b00000000000000000000020000000000000000000000095041a7")
  }

  @Test func `of the handshake are what we prove`() throws {
    let hello = Hello(
      role: .worker, clientID: Identifier(bytes: Array(0x00...0x0F)), nonce: Array(0xC0...0xDF), keyID: "k1",
      build: "olp-test")
    var challenge = Challenge(
      storeID: Identifier(bytes: Array(0x10...0x1F)), bootID: 7, nonce: Array(0x50...0x6F))
    challenge.isAuthenticated = true
    challenge.epoch = 1
    challenge.keepaliveMilliseconds = 30_000
    let key = SharedKey(id: "k1", secret: [UInt8](repeating: 0x0B, count: 32))
    let client = key.proof(of: .client, hello: hello.payload, challenge: challenge.payload)
    let server = key.proof(of: .server, hello: hello.payload, challenge: challenge.payload)
    #expect(client.hexadecimal == "e166add9e7a587e10b1facd7ffd986d828321350e3de09c286387e67915d7250")
    #expect(server.hexadecimal == "fd0648e1a1db997ba9c5ad88d5f665e3a25dd07ff613601901e1949c0d7fa435")
    #expect(try Hello(reading: hello.payload) == hello)
    #expect(try Challenge(reading: challenge.payload) == challenge)
  }
}

extension Sequence<UInt8> {
  /// Two digits a byte.
  var hexadecimal: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}

extension Frame {
  /// The bytes on the wire.
  var hexadecimal: String { headerBytes.readableBytesView.hexadecimal + payload.readableBytesView.hexadecimal }
}
