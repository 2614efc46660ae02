public import NIOCore
public import Wire

/// A client's end of a connection without an event loop: the thread that asks does the work itself, which spares it to be
/// woken for every answer by another one.
///
/// No call waits but ``wait(for:until:)``, and nothing happens between calls. It connects once; who wants another
/// connection makes another one.
public final class ClientSocket {
  private let address: Address
  private var socket: StreamSocket
  /// The addresses to be tried if this one does not answer.
  private var others: ArraySlice<SocketAddress>
  /// How many addresses there are, and the place of the one that was tried first.
  private let addressCount: Int
  private let firstPlace: Int
  private var machine: ClientConnection
  private var input = ByteBuffer()
  /// What was not sent yet of the part of a frame that is being sent.
  private var output: [OutgoingPayload.Piece] = []
  /// The frames of which there are further parts, or all, to be sent.
  private var frames: [FrameParts] = []
  /// Whether the connection is made.
  private var isOpen = false
  /// Whether there may be something to read.
  private var isReadable = false
  /// Why nothing can be sent any more; the server may have said something before.
  private var failure: ConnectionError?

  /// The bytes that are read at a time while no long frame is on its way.
  private static let inputBytes = 4 << 10

  /// Starts to connect to `address`.
  ///
  /// - Parameters:
  ///   - key: The key that `hello` names, if it names one.
  ///   - limits: How long the connection and the handshake may take, and when silence is asked about.
  ///   - place: Which of the host's addresses is tried first, if it has several: ``nextPlace`` of the attempt before.
  public convenience init(
    to address: Address, hello: Hello, key: SharedKey? = nil, limits: Limits = Limits(), startingAt place: Int = 0
  ) throws(ConnectionError) {
    let candidates: [SocketAddress]
    do { candidates = try address.candidates() } catch { throw .unreachable(address, error) }
    try self.init(to: address, among: candidates, hello: hello, key: key, limits: limits, startingAt: place)
  }

  /// Starts to connect to `address`, which stands for `candidates`.
  package init(
    to address: Address, among candidates: [SocketAddress], hello: Hello, key: SharedKey? = nil,
    limits: Limits = Limits(), startingAt place: Int = 0
  ) throws(ConnectionError) {
    self.address = address
    addressCount = candidates.count
    firstPlace = candidates.isEmpty ? 0 : place % candidates.count
    others = candidates[firstPlace...] + candidates[..<firstPlace]
    machine = ClientConnection(hello: hello, key: key, limits: limits, now: .now())
    do {
      socket = try Self.connect(to: &others)
    } catch {
      throw .unreachable(address, error)
    }
    write(OutgoingFrame(machine.greeting))
  }

  /// Sends a request, after ``ClientConnection/Step/ready(_:_:)``: as much as the socket takes now, the rest later.
  ///
  /// Its number is neither 0 nor in flight, and below 2^63. What was lent for it may be needed until it is answered, or
  /// until ``giveBack()``.
  public func send(_ request: OutgoingFrame) {
    machine.send(request.header)
    write(request)
  }

  /// Keeps what it still needs of what was lent in memory of its own.
  public func giveBack() {
    output = output.map(\.owned)
    frames = frames.map(\.owned)
  }

  /// What happened, if anything; to be asked until it says nothing, after ``wait(for:until:)``.
  ///
  /// - Parameter arriving: Is shown the number of a request and what has come of its answer, whose checksum is not known to
  ///   be right yet, after each piece of a long one.
  /// - Throws: Why the connection is over, or could not be made.
  public func next(
    now: Instant, arriving: (UInt64, ByteBuffer) -> Void = { _, _ in }
  ) throws(ConnectionError) -> ClientConnection.Step? {
    flush()
    repeat {
      while let step = try machine.next(from: &input, now: now) {
        guard case .send(let frame) = step else { return step }
        write(OutgoingFrame(frame))
      }
    } while try receive(now: now, arriving)
    if let failure { throw failure }
    return nil
  }

  /// Which of the host's addresses is to be tried first when this connection is over: its own if a server answered, else
  /// the one behind.
  public var nextPlace: Int { firstPlace + addressCount - others.count - (machine.isReady ? 1 : 0) }

  /// When ``next(now:)`` has something to say even if nothing arrives.
  public var deadline: Instant { machine.deadline }

  /// Waits until something has happened to one of `sockets`, or until `deadline`.
  public static func wait(for sockets: [ClientSocket], until deadline: Instant) {
    let readable = StreamSocket.wait(for: sockets.map { ($0.socket, !$0.output.isEmpty) }, until: deadline)
    for (socket, isReadable) in zip(sockets, readable) { socket.isReadable = isReadable }
  }
}

// What the socket takes.
extension ClientSocket {
  private func write(_ frame: OutgoingFrame) {
    guard failure == nil else { return }
    frames.append(FrameParts(frame, divides: machine.takesTrailingChecksums))
    flush()
  }

  private func flush() {
    do {
      while takePart(), let count = try socket.send(output) {
        isOpen = true
        drop(count)
      }
    } catch {
      if !isOpen, let next = try? Self.connect(to: &others) {
        socket = next
        return
      }
      output = []
      frames = []
      failure = .unreachable(address, error)
    }
  }

  /// Goes on with the next part if one is sent.
  ///
  /// - Returns: Whether there is anything to send.
  private func takePart() -> Bool {
    while output.isEmpty, !frames.isEmpty {
      if let part = frames[0].next() { output = part } else { frames.removeFirst() }
    }
    return !output.isEmpty
  }

  /// Forgets the first `count` bytes of the output, which were sent.
  private func drop(_ count: Int) {
    var (left, sent) = (count, 0)
    while sent < output.count, output[sent].byteCount <= left {
      left -= output[sent].byteCount
      sent += 1
    }
    output.removeFirst(sent)
    if left > 0 { output[0] = output[0].dropFirst(left) }
  }

  /// Connects to the next of the addresses that can be connected to.
  private static func connect(to addresses: inout ArraySlice<SocketAddress>) throws -> StreamSocket {
    while let address = addresses.popFirst() {
      do { return try StreamSocket(connectingTo: address) } catch { if addresses.isEmpty { throw error } }
    }
    throw IOError(errnoCode: 0, reason: "there is no address left")
  }
}

// What the socket gives.
extension ClientSocket {
  /// Reads what there is: the rest of a long frame to where it belongs, other bytes to `input`.
  ///
  /// - Returns: Whether there was anything.
  private func receive(now: Instant, _ arriving: (UInt64, ByteBuffer) -> Void) throws(ConnectionError) -> Bool {
    guard isReadable else { return false }
    if var memory = machine.lend() {
      let hasCome = try receive(into: &memory)
      machine.takeBack(memory, now: now)
      if let (requestID, payload) = machine.arriving { arriving(requestID, payload) }
      return hasCome
    }
    input.clear(minimumCapacity: Self.inputBytes)
    return try receive(into: &input)
  }

  private func receive(into buffer: inout ByteBuffer) throws(ConnectionError) -> Bool {
    let received: StreamSocket.Received
    do throws(IOError) { received = try socket.receive(into: &buffer) } catch {
      throw .unreachable(address, error)
    }
    switch received {
    case .bytes(let areMore):
      isReadable = areMore
      return true
    case .nothing:
      isReadable = false
      return false
    case .end: throw .closedByServer
    }
  }
}
