import NIOCore
import NIOPosix

/// A connection to a server that takes of what it is sent only what it is told to.
final class SlowReader: Sendable {
  private let channel: any Channel
  private let gatherer: Gatherer

  init(to address: SocketAddress) async throws {
    let gatherer = Gatherer()
    self.gatherer = gatherer
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: false)
      .channelInitializer { channel in channel.pipeline.addHandler(gatherer) }
      .connect(to: address).get()
  }

  func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

  /// Takes the beginning of what comes, once it is there.
  func readBeginning() async throws {
    channel.read()
    while gatherer.isEmpty, channel.isActive { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Takes everything until the server closes the connection.
  ///
  /// - Returns: What came on the connection, as text.
  func readToEnd() async throws -> String {
    _ = channel.setOption(ChannelOptions.autoRead, value: true)
    let limit = channel.eventLoop.scheduleTask(in: .seconds(20)) { [channel] in channel.close(promise: nil) }
    try await channel.closeFuture.get()
    limit.cancel()
    return gatherer.text
  }
}
