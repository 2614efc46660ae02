public import NIOCore
import NIOPosix
public import Wire

/// Who is told what happens on a ``ClientChannel``, on its event loop, one call at a time.
public protocol ClientChannelDelegate: AnyObject {
  /// Requests may be sent.
  func ready(_ challenge: Challenge, _ session: SessionState, on channel: ClientChannel)

  /// A request was answered, well or with an error.
  func received(_ reply: Frame, on channel: ClientChannel)

  /// The server answers what it has got and takes no more; it closes the connection soon.
  func left(_ goAway: GoAway, on channel: ClientChannel)

  /// The connection is over, or could not be made: the last call, unless the client itself closed it.
  func closed(_ error: ConnectionError, on channel: ClientChannel)
}

/// A client's end of a connection, on an event loop.
///
/// All of it is used on the loop. It connects once; who wants another connection makes another one.
public final class ClientChannel {
  private weak var delegate: (any ClientChannelDelegate)?
  private let address: Address
  private let tls: ClientTLS?
  private let loop: any EventLoop
  private var machine: ClientConnection
  private var channel: (any Channel)?
  private var output: SocketOutput?
  private var alarm: Alarm
  private var input = ByteBuffer()
  private var isStepping = false
  private var isOver = false

  /// Starts to connect to `address`; the delegate hears how that ends.
  ///
  /// - Parameters:
  ///   - key: The key that `hello` names, if it names one.
  ///   - tls: How the connection is encrypted, if it is.
  ///   - limits: How long the connection and the handshake may take, and when silence is asked about.
  public init(
    to address: Address, hello: Hello, key: SharedKey? = nil, tls: ClientTLS? = nil, limits: Limits = Limits(),
    on loop: any EventLoop, delegate: any ClientChannelDelegate
  ) {
    loop.preconditionInEventLoop()
    self.address = address
    self.tls = tls
    self.loop = loop
    self.delegate = delegate
    machine = ClientConnection(hello: hello, key: key, limits: limits, now: .now())
    alarm = Alarm(on: loop.assumeIsolated())
    connect(limits: limits)
  }

  /// Sends a request, after ``ClientChannelDelegate/ready(_:_:on:)``.
  ///
  /// Its number is neither 0 nor in flight, and below 2^63. Requests that are sent while the delegate is told something
  /// leave together.
  public func send(_ request: Frame) {
    guard !isOver else { return }
    machine.send(request.header)
    output?.write(request)
    if !isStepping { _ = output?.flush() }
  }

  /// Closes the connection; the delegate hears nothing more.
  public func close() {
    isOver = true
    alarm.clear()
    channel?.close(promise: nil)
  }

  private func connect(limits: Limits) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let bootstrap = SocketOptions.apply(
      to: ClientBootstrap(group: loop).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try bound.value.secure(channel)
          try channel.pipeline.syncOperations.addHandler(Handler(bound.value))
        }
      }, for: address, limits: limits)
    let connected =
      switch address {
      case .tcp(let host, let port):
        // A look-up has to wait for a thread, and a number needs none.
        if let number = try? SocketAddress(ipAddress: host, port: port) {
          bootstrap.connect(to: number)
        } else {
          bootstrap.connect(host: host, port: port)
        }
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      }
    connected.assumeIsolated().whenFailure { error in
      self.fail(.unreachable(self.address, error))
    }
  }

  private func secure(_ channel: any Channel) throws { try tls?.secure(channel, to: address) }

  private func opened(_ channel: any Channel) {
    guard !isOver else { return channel.close(promise: nil) }
    self.channel = channel
    output = SocketOutput(channel)
    output?.write(machine.greeting)
    step()
  }

  private func received(_ bytes: ByteBuffer) {
    input = bytes
    step()
    input = ByteBuffer()
  }

  /// Does all there is to do; a machine that was told of bytes uses all of them.
  private func step() {
    isStepping = true
    defer { isStepping = false }
    do throws(ConnectionError) {
      while !isOver, let step = try machine.next(from: &input, now: .now()) { perform(step) }
    } catch {
      return fail(error)
    }
    guard !isOver else { return }
    _ = output?.flush()
    alarm.set(machine.deadline) { [weak self] in self?.wake() }
  }

  private func perform(_ step: ClientConnection.Step) {
    switch step {
    case .send(let frame): output?.write(frame)
    case .ready(let challenge, let session): delegate?.ready(challenge, session, on: self)
    case .receive(let frame): delegate?.received(frame, on: self)
    case .leave(let goAway): delegate?.left(goAway, on: self)
    }
  }

  private func wake() {
    alarm.clear()
    step()
  }

  private func fail(_ error: ConnectionError) {
    guard !isOver else { return }
    close()
    delegate?.closed(error, on: self)
  }

  /// Passes on what happens to the channel.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let client: ClientChannel

    init(_ client: ClientChannel) { self.client = client }

    func channelActive(context: ChannelHandlerContext) { client.opened(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { client.received(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { client.fail(.closedByServer) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      client.fail(
        ClientTLS.connectionError(error) ?? .unreachable(client.address, error))
    }
  }
}
