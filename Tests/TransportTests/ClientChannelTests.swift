import NIOCore
import NIOPosix
import Testing
import Transport
import Wire

@Suite struct `A client's channel` {
  @Test(arguments: Place.allCases)
  func `says that nobody is there`(_ place: Place) async throws {
    let address = place == .tcp ? Address.tcp(host: "127.0.0.1", port: 1) : place.address
    let error = try await HonestClient(to: address).ending()
    guard case .unreachable(let named, _) = error else { throw error }
    #expect(named == "\(address)" && error.isTransient)
  }

  @Test func `gives up a server that says nothing, or something else`() async throws {
    var limits = Limits()
    limits.handshakeTime = .seconds(1)
    for greeting in ["", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"] {
      let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Greeter(greeting)) }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      let port = try #require(server.localAddress?.port)
      let error = try await HonestClient(to: .tcp(host: "127.0.0.1", port: port), limits: limits).ending()
      switch error {
      case .handshakeTimeout(.seconds(1)): #expect(greeting.isEmpty)
      case .breach(let refusal): #expect(!greeting.isEmpty && refusal.code == .badMagic)
      default: throw error
      }
      try await server.close().get()
    }
  }

  @Test func `is told nothing more after it has closed`() async throws {
    try await Listener.run { listener in
      let client = try await HonestClient(to: listener.address)
      try await client.ready()
      client.close()
      try await listener.wait { $0.connections == 0 }
      await #expect(throws: ConnectionError.closedByServer) { _ = try await client.ask() }
    }
  }
}

/// Says something to everybody who connects.
private final class Greeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let greeting: String

  init(_ greeting: String) { self.greeting = greeting }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(NIOAny(ByteBuffer(string: greeting)), promise: nil)
  }
}
