import NIOCore
import Wire

/// Does what a ``ServerConnection`` says, on a channel whose event loop is the service's.
final class ServerChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Another number for each channel of a listener.
  let id: UInt64
  /// What the service sees, from the end of the handshake to the end of the connection.
  private(set) var connection: ServiceConnection?

  private let hub: ServiceHub
  private let channel: any Channel
  private let loop: NIOIsolatedEventLoop
  private var machine: ServerConnection
  private let output: SocketOutput
  private var alarm: Alarm
  /// What arrived and was not used yet.
  private var input = ByteBuffer()
  private var isStepping = false
  private var isStepScheduled = false
  private var isReadPending = false
  /// Whether what is read next comes in memory that ``lend()`` gave.
  private var isLent = false
  /// How many bytes have to come before the system says that there are some.
  private var wakingBytes = 1

  /// How often to look whether the client of a server that leaves has taken all.
  private static let lookTime = Duration.milliseconds(20)

  init(id: UInt64, channel: any Channel, hub: ServiceHub, machine: ServerConnection) {
    self.id = id
    self.channel = channel
    self.hub = hub
    self.machine = machine
    loop = channel.eventLoop.assumeIsolated()
    output = SocketOutput(channel)
    alarm = Alarm(on: loop)
  }

  // MARK: What the service wants

  func reply(_ frame: Frame) {
    guard let frame = machine.reply(frame, load: &hub.load, now: .now()) else { return }
    withoutSteps { output.write(frame) }
    stepSoon()
  }

  func reply(_ header: FrameHeader, next: () -> ByteBuffer?) {
    guard let header = machine.reply(header, load: &hub.load, now: .now()) else { return }
    withoutSteps { output.stream(header, next: next) }
    machine.noteOutput(waiting: output.waiting, load: &hub.load, now: .now())
    stepSoon()
  }

  /// A channel may say at once how it takes what it is sent, or that it is closed.
  private func withoutSteps(_ body: () -> Void) {
    let isInside = isStepping
    isStepping = true
    body()
    isStepping = isInside
  }

  func end(_ refusal: Refusal?) {
    machine.end(refusal)
    stepSoon()
  }

  /// The service is never called from within its own calls, and answers given together leave together.
  private func stepSoon() {
    guard !isStepping, !isStepScheduled else { return }
    isStepScheduled = true
    loop.execute {
      self.isStepScheduled = false
      self.step()
    }
  }

  // MARK: What the hub wants

  /// Ends the connection now, saying why.
  func endNow(_ refusal: Refusal) {
    machine.end(refusal)
    step()
  }

  /// Tells the client that the server is about to leave.
  func drain(_ goAway: GoAway) {
    if let frame = machine.drain(goAway, now: .now()) { output.write(frame) }
    step()
  }

  /// Closes the socket.
  func close() { channel.close(promise: nil) }

  // MARK: What happens to the channel

  func channelActive(context: ChannelHandlerContext) { step() }

  /// Memory for the rest of a long request, if one is on its way: what is read next goes behind what it has.
  func lend() -> ByteBuffer? {
    // What a read that brought nothing was lent is lost, and the request with it.
    guard !isLent else {
      end(nil)
      return nil
    }
    let memory = machine.lend()
    isLent = memory != nil
    return memory
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if isLent {
      isLent = false
      machine.takeBack(bytes)
    } else if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeBuffer(&bytes)
    }
    step()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReadPending = false
    readOn()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) { updateOutput() }

  func channelInactive(context: ChannelHandlerContext) {
    alarm.clear()
    depart()
    machine.closed(load: &hub.load)
    hub.remove(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  // MARK: What the machine says

  /// Does all there is to do.
  func step() {
    guard !isStepping else { return }
    isStepping = true
    repeat {
      while let step = machine.next(from: &input, identity: hub.service.identity, load: &hub.load, now: .now()) {
        perform(step)
      }
    } while flush() && machine.waitsForOutput
    isStepping = false
    // Gives the memory back to the channel, which reads into it again.
    if input.readableBytes == 0 { input = ByteBuffer() }
    if machine.isShortOfMemory { hub.wait(self) }
    hub.resume()
    // A channel does not say when the last bytes are taken.
    let deadline = machine.hasLeft ? min(machine.deadline, .now() + Self.lookTime) : machine.deadline
    alarm.set(deadline) { [weak self] in self?.wake() }
    readOn()
  }

  private func perform(_ step: ServerConnection.Step) {
    switch step {
    case .send(let frame): output.write(frame)
    case .welcome(let client): welcome(client)
    case .serve(let request): hub.service.received(request, on: connection!)
    case .finish(let frame):
      depart()
      if let frame { output.write(frame) }
      _ = output.flush()
      channel.close(mode: .output, promise: nil)
    case .close:
      depart()
      close()
    }
  }

  private func welcome(_ client: ClientIdentity) {
    do throws(Refusal) {
      let connection = ServiceConnection(client, on: self)
      let session = try hub.admit(connection, on: self)
      self.connection = connection
      output.write(machine.welcome(session, now: .now()))
      hub.service.connected(connection)
    } catch {
      machine.end(error)
    }
  }

  /// Tells the service that the connection is over, once.
  private func depart() {
    guard let connection else { return }
    self.connection = nil
    hub.depart(connection)
    hub.service.disconnected(connection)
  }

  private func flush() -> Bool {
    guard output.flush() else { return false }
    machine.noteOutput(waiting: output.waiting, load: &hub.load, now: .now())
    return true
  }

  /// Sees how the output goes, unless something is being sent: of that only a part is with the channel, and the rest would
  /// pass for taken. Who sends looks afterwards.
  private func updateOutput() {
    guard !isStepping else { return }
    machine.noteOutput(waiting: output.waiting, load: &hub.load, now: .now())
    step()
  }

  private func wake() {
    alarm.clear()
    updateOutput()
  }

  private func readOn() {
    let wanted = machine.wakingBytes
    if wanted != wakingBytes {
      wakingBytes = wanted
      SocketOptions.setReadMark(wakingBytes, of: channel)
    }
    guard machine.isReading, !isReadPending else { return }
    isReadPending = true
    channel.read()
  }
}
