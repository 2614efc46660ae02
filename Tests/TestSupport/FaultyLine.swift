import Foundation
import Kernels
import NIOCore
import Synchronization
import Wire

/// One connection through a ``FaultProxy``, on its event loop.
final class FaultyLine {
  /// Which way bytes go.
  private enum Direction: Int {
    case request, reply
  }

  /// What is going to happen to the connection, whatever passes.
  private enum Fate {
    case none, reset, halfClose
  }

  private let state: FaultProxy.State
  private let client: any Channel
  private let server: any Channel
  private var random: SplitMix64
  private let fate: Fate
  /// The bytes before the connection meets its fate.
  private var remaining: Int
  private var isOver = false
  /// When the line is free, by direction.
  private var free = [NIODeadline](repeating: .uptimeNanoseconds(0), count: 2)
  private var replies = FrameAssembler(payloadLimit: Limits.payloadCap)

  /// Lets bytes pass between a client and a server.
  static func join(_ client: any Channel, _ server: any Channel, _ state: FaultProxy.State) throws {
    let line = FaultyLine(client, server, state)
    state.values.withLock { $0.clients[ObjectIdentifier(client)] = client }
    try client.pipeline.syncOperations.addHandler(End(line, .request))
    try server.pipeline.syncOperations.addHandler(End(line, .reply))
  }

  private init(_ client: any Channel, _ server: any Channel, _ state: FaultProxy.State) {
    self.client = client
    self.server = server
    self.state = state
    (random, fate) = state.values.withLock { values in
      values.counts.connections += 1
      var random = SplitMix64(seed: values.random.next())
      let chance = Double.random(in: 0..<1, using: &random)
      let (resets, halfCloses) = (values.faults.resets, values.faults.halfCloses)
      return (random, chance < resets ? .reset : chance < resets + halfCloses ? .halfClose : .none)
    }
    remaining = Int.random(in: 0..<4096, using: &random)
  }

  private func pass(_ bytes: ByteBuffer, _ direction: Direction) {
    let faults = state.values.withLock { $0.faults }
    guard !isOver, !(direction == .request ? faults.swallowsRequests : faults.swallowsReplies) else { return }
    var bytes = bytes
    if direction == .reply, faults.lostReplies > 0 {
      let (kept, isLost) = withoutLost(bytes, faults.lostReplies)
      if isLost {
        deliver(kept, direction, faults)
        return reset { $0.lostReplies += 1 }
      }
      bytes = kept
    }
    remaining -= bytes.readableBytes
    if remaining < 0 {
      switch fate {
      case .none: break
      case .reset: return reset { $0.resets += 1 }
      case .halfClose:
        isOver = true
        state.values.withLock { $0.counts.halfCloses += 1 }
        return client.close(mode: .output, promise: nil)
      }
    }
    if bytes.readableBytes > 0, Double.random(in: 0..<1, using: &random) < faults.flips {
      let place = bytes.readerIndex + Int.random(in: 0..<bytes.readableBytes, using: &random)
      let byte: UInt8 = bytes.getInteger(at: place)!
      bytes.setInteger(byte ^ 1 << UInt8.random(in: 0..<8, using: &random), at: place)
      state.values.withLock { $0.counts.flips += 1 }
    }
    deliver(bytes, direction, faults)
  }

  /// The replies up to the first one that is lost; what belongs to the handshake is never lost.
  private func withoutLost(_ bytes: ByteBuffer, _ share: Double) -> (kept: ByteBuffer, isLost: Bool) {
    var (input, kept) = (bytes, ByteBuffer())
    while let frame = try? replies.next(from: &input) {
      if frame.header.requestID != 0, Double.random(in: 0..<1, using: &random) < share { return (kept, true) }
      var (header, payload) = (frame.headerBytes, frame.payload)
      kept.writeBuffer(&header)
      kept.writeBuffer(&payload)
    }
    return (kept, false)
  }

  private func deliver(_ bytes: ByteBuffer, _ direction: Direction, _ faults: FaultProxy.Faults) {
    guard bytes.readableBytes > 0 else { return }
    let channel = direction == .request ? server : client
    guard faults.delay > .zero || faults.bytesPerSecond > 0 else { return write(bytes, to: channel, faults) }
    var time = max(.now(), free[direction.rawValue])
    if faults.bytesPerSecond > 0 {
      time = time + .nanoseconds(Int64(1e9 * Double(bytes.readableBytes) / Double(faults.bytesPerSecond)))
    }
    free[direction.rawValue] = time
    channel.eventLoop.assumeIsolated().scheduleTask(deadline: time + .nanoseconds(faults.delay.nanoseconds)) {
      self.write(bytes, to: channel, faults)
    }
  }

  private func write(_ bytes: ByteBuffer, to channel: any Channel, _ faults: FaultProxy.Faults) {
    guard faults.isSplit else { return channel.writeAndFlush(bytes, promise: nil) }
    for byte in bytes.readableBytesView { channel.writeAndFlush(ByteBuffer(integer: byte), promise: nil) }
  }

  /// Breaks the connection at both ends, without a farewell.
  private func reset(_ count: (inout FaultProxy.Counts) -> Void) {
    isOver = true
    state.values.withLock { count(&$0.counts) }
    for channel in [client, server] {
      _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
      channel.close(promise: nil)
    }
  }

  private func ended(_ direction: Direction) {
    state.values.withLock { $0.clients[ObjectIdentifier(client)] = nil }
    (direction == .request ? server : client).close(promise: nil)
  }

  /// One end of the line.
  private final class End: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let line: FaultyLine
    private let direction: Direction

    init(_ line: FaultyLine, _ direction: Direction) {
      self.line = line
      self.direction = direction
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { line.pass(unwrapInboundIn(data), direction) }

    func channelInactive(context: ChannelHandlerContext) { line.ended(direction) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
