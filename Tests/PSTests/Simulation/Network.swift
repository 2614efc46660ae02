import NIOCore
import Wire

/// What can be reached: each process has a number.
typealias Node = Int

/// An end of a line, which is told what arrives there.
protocol LineEnd: AnyObject {
  /// Whether it takes bytes now.
  var isReading: Bool { get }

  func received(_ bytes: ByteBuffer)

  /// Nothing more comes; the line is of no use any more.
  func ended()
}

/// A network that delivers bytes in order, in any pieces, after any time; or loses a line, or is silent for a while.
final class Network {
  private struct Route: Hashable {
    let from: Node
    let to: Node
  }

  let world: World
  /// Who accepts connections.
  var listeners: [Node: SimulatedListener] = [:]
  /// The lines that are there, in the order of their making.
  private(set) var lines: [Line] = []
  /// How long bytes take, at most, in seconds.
  var slowness = 0.002
  /// How often what was sent arrives in pieces.
  var splits = 0.1
  /// How often one bit of what arrives is another one.
  var flips = 0.0
  private var holes: [Route: Instant] = [:]
  private var lastLine = 0

  init(_ world: World) { self.world = world }

  /// Lets nothing pass from one process to another for a while.
  func open(holeFrom from: Node, to: Node, for duration: Duration) {
    world.note(.hole, from, to)
    let route = Route(from: from, to: to)
    holes[route] = max(holes[route] ?? world.now, world.now + duration)
  }

  /// Lets everything pass.
  func heal() {
    holes = [:]
    (slowness, flips) = (0.002, 0)
  }

  /// When something can pass.
  func passage(from: Node, to: Node) -> Instant { holes[Route(from: from, to: to)] ?? world.now }

  func delay() -> Duration { world.seconds(0.0001...slowness) }

  /// Connects, if somebody listens there; `done` is told the line or nil.
  func connect(_ end: any LineEnd, from: Node, to: Node, done: @escaping (Line?) -> Void) {
    world.after(delay()) { [self] in
      guard passage(from: from, to: to) <= world.now, passage(from: to, to: from) <= world.now else {
        return world.after(.seconds(2)) { done(nil) }
      }
      guard let listener = listeners[to] else { return done(nil) }
      lastLine += 1
      world.note(.connected, lastLine, from, to)
      let line = Line(lastLine, self, client: from, server: to)
      lines.append(line)
      line.ends[.client] = end
      line.ends[.server] = listener.accept(line)
      done(line)
    }
  }

  /// Forgets everything.
  func clear() {
    for line in lines { line.ends = [:] }
    (lines, listeners) = ([], [:])
  }

  /// A line is of no use any more.
  func remove(_ line: Line) { lines.removeAll { $0 === line } }
}

/// A connection: bytes on their way in both directions.
final class Line {
  enum End: Int { case client, server }

  let number: Int
  /// Who is told what arrives; nil for an end that is closed.
  var ends: [End: any LineEnd] = [:]
  private let network: Network
  private let nodes: [End: Node]
  private var bytes: [End: ByteBuffer] = [.client: ByteBuffer(), .server: ByteBuffer()]
  private var finished: Set<End> = []
  private var scheduled: Set<End> = []

  init(_ number: Int, _ network: Network, client: Node, server: Node) {
    self.number = number
    self.network = network
    nodes = [.client: client, .server: server]
  }

  /// Who is at an end.
  func node(_ end: End) -> Node { nodes[end]! }

  /// The bytes that `end` sent and that did not arrive.
  func waiting(from end: End) -> Int { bytes[end]?.readableBytes ?? 0 }

  func send(_ frame: Frame, from end: End) {
    guard !finished.contains(end) else { return }
    bytes[end]?.writeImmutableBuffer(frame.headerBytes)
    bytes[end]?.writeImmutableBuffer(frame.payload)
    schedule(end)
  }

  /// Sends nothing more.
  func finish(_ end: End) {
    guard finished.insert(end).inserted else { return }
    schedule(end)
  }

  /// Sends and takes nothing more.
  func close(_ end: End) {
    ends[end] = nil
    finish(end)
    if ends.isEmpty { network.remove(self) }
  }

  /// Goes on to deliver to `end`, which did not read for a while.
  func resume(to end: End) { schedule(end.other) }

  /// What is on its way from `end` is lost but for a part, and nothing more comes.
  func cut(from end: End) {
    bytes[end] = bytes[end]?.getSlice(at: bytes[end]!.readerIndex, length: waiting(from: end) / 2)
    finish(end)
  }

  /// Both ends hear that the line is broken, each after a while.
  func reset() {
    network.world.note(.broken, number)
    bytes = [:]
    finished = [.client, .server]
    for end in [End.client, .server] { schedule(end) }
  }

  private func schedule(_ end: End) {
    guard bytes[end]?.readableBytes ?? 0 > 0 || finished.contains(end), ends[end.other] != nil,
      scheduled.insert(end).inserted
    else { return }
    network.world.after(network.delay()) { [self] in
      scheduled.remove(end)
      deliver(from: end)
    }
  }

  private func deliver(from end: End) {
    guard let receiver = ends[end.other] else { return }
    let world = network.world
    let passage = network.passage(from: node(end), to: node(end.other))
    guard passage <= world.now else {
      scheduled.insert(end)
      return world.at(passage) { [self] in
        scheduled.remove(end)
        deliver(from: end)
      }
    }
    let count = waiting(from: end)
    guard count > 0 else {
      world.note(.ended, number, end.rawValue)
      close(end.other)
      return receiver.ended()
    }
    guard receiver.isReading else { return }
    let length = world.chance(network.splits) ? world.number(1...count) : count
    guard var piece = bytes[end]?.readSlice(length: length) else { return }
    if network.flips > 0, world.chance(network.flips) { piece.flipBit(world.number(0...8 * length - 1)) }
    world.note(.delivered, number, end.rawValue, length, Int(piece.checksum(at: piece.readerIndex, length: length)))
    receiver.received(piece)
    schedule(end)
  }
}

extension ByteBuffer {
  /// Makes another one of a bit of what can be read.
  fileprivate mutating func flipBit(_ bit: Int) {
    let place = readerIndex + bit / 8
    guard let byte = getInteger(at: place, as: UInt8.self) else { return }
    setInteger(byte ^ 1 << UInt8(bit % 8), at: place)
  }
}

extension Line.End {
  var other: Line.End { self == .client ? .server : .client }
}
