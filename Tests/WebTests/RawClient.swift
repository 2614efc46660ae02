import CoreMetrics
import Foundation
import Kernels
import Logging
import NIOCore
import NIOPosix
import Serve
import Synchronization
import TestSupport
import Web

/// A listener for the small perceptron on a port of its own, and what it answers to bytes.
final class RawClient: Sendable {
  let models: ModelService
  private let listener: HTTPListener
  private let address: SocketAddress

  /// Starts the listener; `help` explains metrics that it has beside its own.
  init(
    _ options: HTTPListener.Options = HTTPListener.Options(), service: ServiceOptions = ServiceOptions(),
    help: [String: String] = [:]
  ) async throws {
    let metrics = PrometheusMetrics(help: ModelService.metricDescriptions.merging(help) { $1 })
    for name in help.keys { Counter(label: name, factory: metrics).increment() }
    models = ModelService(
      folder: try ModelFolder(OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small"), options: service,
      pool: LanePool(lanes: 1), metrics: metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    listener = HTTPListener(models, metrics: metrics, group: MultiThreadedEventLoopGroup.singleton, options: options)
    address = try await listener.start(host: "127.0.0.1", port: 0)
    listener.markReady()
  }

  func stop(patience: Duration = .milliseconds(200)) async { await listener.stop(patience: patience) }

  /// A connection that is read when its owner likes.
  func connect() async throws -> SlowReader { try await SlowReader(to: address) }

  /// Sends `bytes` on a connection of their own and returns everything that comes until the server closes it.
  func exchange(_ bytes: [UInt8]) async throws -> String {
    let gatherer = Gatherer()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in channel.pipeline.addHandler(gatherer) }
      .connect(to: address).get()
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    let limit = channel.eventLoop.scheduleTask(in: .seconds(20)) { channel.close(promise: nil) }
    try await channel.closeFuture.get()
    limit.cancel()
    return gatherer.text
  }

  func exchange(_ text: String) async throws -> String { try await exchange(Array(text.utf8)) }

  /// Sends one request and returns the status and the body.
  func request(
    _ method: String, _ path: String, _ body: [UInt8] = [], type: String = "application/json",
    headers: [String: String] = [:], host: String = "localhost"
  ) async throws -> (status: Int, head: String, body: String) {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if !body.isEmpty { head += "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n" }
    let answer = try await exchange(Array((head + "\r\n").utf8) + body)
    let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let status = parts[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return (status, String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
  }

  func post(_ path: String, _ body: String) async throws -> (status: Int, body: String) {
    let answer = try await request("POST", path, Array(body.utf8))
    return (answer.status, answer.body)
  }
}

/// Keeps what a channel reads.
final class Gatherer: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  private let bytes = Mutex<[UInt8]>([])

  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

  var isEmpty: Bool { bytes.withLock { $0.isEmpty } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    bytes.withLock { $0 += Array(part.readableBytesView) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
