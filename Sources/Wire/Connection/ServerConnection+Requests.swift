import NIOCore

extension ServerConnection {
  /// Takes the next request, if there is room for it.
  ///
  /// - Parameter header: Is set to the frame that an error answers.
  mutating func nextRequest(
    from input: inout ByteBuffer, _ header: inout FrameHeader?, load: inout ServerLoad, now: Instant
  ) throws(Refusal) -> Step? {
    if hasLeft, output.waiting == 0 { return finish(saying: nil, load: &load, now: now) }
    if output.waiting > limits.outboundBytes + limits.payload { return finish(slowConsumer, load: &load, now: now) }
    header = try assembler.header(from: &input)
    if let header, reserved == nil {
      try check(header)
      isHolding = !letIn(header, load: &load)
    }
    if header != nil, !isHolding, let frame = try assembler.frame(from: &input) {
      return take(frame, load: &load, now: now)
    }
    clockFrame(now)
    return nil
  }

  /// How many bytes have to come before it is worth waking up for them: one, or while a long request comes fast, what comes
  /// in about 20 µs. Whoever sleeps between smaller pieces makes the sender wake him for each, which takes longer than
  /// sending it: the exchange of an MLP's 1.6 MB with a server on the same machine takes 0.64 ms instead of 0.70.
  ///
  /// A line at the slowest speed that is allowed brings them in a fifth of a frame's time.
  public var wakingBytes: Int {
    guard comesFast, reserved != nil else { return 1 }
    let slowest = Double(limits.slowestBytesPerSecond) * (limits.frameTime / .seconds(1)) / 5
    return max(1, min(assembler.missingBytes, Int(min(slowest, Double(Self.mostWakingBytes)))))
  }

  /// The most bytes that it waits for; half of them at once are a sign that more come.
  static var mostWakingBytes: Int { 128 << 10 }

  /// Whether the flags are a client's.
  func checkFlags(_ header: FrameHeader) throws(Refusal) {
    guard header.flags.isDisjoint(with: [.response, .error, .duplicate, .draining]) else {
      throw Refusal(.malformed, closing: true, "a request with the flags of a reply")
    }
  }

  /// Whether a request may look like this.
  func check(_ header: FrameHeader) throws(Refusal) {
    switch header.type {
    case .hello, .authenticate: throw Refusal(.authenticationRequired, "a second handshake on one connection")
    case .challenge, .authenticated, .goAway:
      throw Refusal(.malformed, closing: true, "a frame of type \(header.type), which only servers send")
    default: try checkFlags(header)
    }
    guard header.requestID != 0, inFlight[header.requestID] == nil else {
      throw Refusal(.duplicateRequestID, "the request number \(header.requestID) is 0 or in flight")
    }
  }

  /// Lets a request in if there is room for it, and takes the room.
  mutating func letIn(_ header: FrameHeader, load: inout ServerLoad) -> Bool {
    let byteCount = Int(header.length)
    isShortOfMemory = false
    if output.isCongested { return false }
    // A connection that is asked for a sign of life gives one, however much it has to do.
    if header.type == .ping, byteCount == Self.pingBytes {
      reserved = 0
      return true
    }
    guard inFlight.count < limits.requestsInFlight, bytesInFlight + byteCount <= limits.requestBytesInFlight else {
      return false
    }
    isShortOfMemory = !load.reserve(byteCount)
    reserved = isShortOfMemory ? nil : byteCount
    return !isShortOfMemory
  }

  private static var pingBytes: Int { 8 }

  /// Takes a frame that was let in.
  mutating func take(_ frame: Frame, load: inout ServerLoad, now: Instant) -> Step {
    guard let byteCount = reserved else { preconditionFailure("a frame that was not let in") }
    reserved = nil
    comesFast = false
    frameStart = nil
    lastActivity = now
    let header = frame.header
    if header.type == .ping {
      load.release(byteCount)
      guard frame.payload.readableBytes == Self.pingBytes else {
        let refusal = Refusal(.malformed, "a ping of \(frame.payload.readableBytes) bytes; it must have 8")
        return send(refusal.frame(answering: .ping, requestID: header.requestID), now: now)
      }
      return send(Frame(.ping, flags: .response, requestID: header.requestID, payload: frame.payload), now: now)
    }
    if case .draining = state {
      load.release(byteCount)
      let refusal = Refusal(.draining, "the server is about to leave")
      return send(refusal.frame(answering: header.type, requestID: header.requestID), now: now)
    }
    inFlight[header.requestID] = byteCount
    bytesInFlight += byteCount
    return .serve(frame)
  }

  /// Answers the request of the same number.
  ///
  /// A reply that is larger than the client takes becomes error 308.
  ///
  /// - Returns: The frame to send, or nil if the connection is over.
  public mutating func reply(_ reply: Frame, load: inout ServerLoad, now: Instant) -> Frame? {
    var frame = reply
    if frame.payload.readableBytes > receiveLimit {
      let refusal = Refusal(
        .responseTooLarge, detail: UInt64(frame.payload.readableBytes),
        "a reply of \(frame.payload.readableBytes) bytes; the client takes \(receiveLimit)")
      frame = refusal.frame(answering: reply.header.type, requestID: reply.header.requestID)
    }
    guard let header = self.reply(frame.header, load: &load, now: now) else { return nil }
    return Frame(header: header, payload: frame.payload)
  }

  /// Answers the request of the same number with a payload that is sent behind `header`, and is not larger than the client
  /// takes.
  ///
  /// - Returns: The header to send, or nil if the connection is over.
  public mutating func reply(_ header: FrameHeader, load: inout ServerLoad, now: Instant) -> FrameHeader? {
    precondition(header.length <= receiveLimit, "a reply of \(header.length) bytes; the client takes \(receiveLimit)")
    guard let byteCount = inFlight.removeValue(forKey: header.requestID) else {
      switch state {
      case .finishing, .closed: return nil
      default: preconditionFailure("a reply to \(header.requestID), which is not in flight")
      }
    }
    bytesInFlight -= byteCount
    load.release(byteCount)
    lastActivity = now
    output.send(FrameHeader.byteCount + Int(header.length), limits: limits, now: now)
    countOutput(load: &load)
    guard case .draining = state else { return header }
    var header = header
    header.flags.insert(.draining)
    return header
  }

  /// `waiting` bytes of what was sent have not been taken by the client yet.
  public mutating func noteOutput(waiting: Int, load: inout ServerLoad, now: Instant) {
    // Who takes a long reply slowly is not idle.
    if waiting < output.waiting { lastActivity = now }
    output.update(waiting: waiting, limits: limits, now: now)
    countOutput(load: &load)
  }

  /// The server is about to leave: tells the client, answers what is in flight, then finishes.
  ///
  /// - Returns: The frame to send, or nil if there is nobody to tell.
  public mutating func drain(_ goAway: GoAway, now: Instant) -> Frame? {
    guard case .ready = state else {
      end(Refusal(.draining, closing: true, "the server is about to leave"))
      return nil
    }
    state = .draining
    let frame = Frame(.goAway, payload: goAway.payload)
    output.send(frame.byteCount, limits: limits, now: now)
    return frame
  }

  /// Ends the connection at the next step, saying why if there is a reason; one that is ending ends as it does.
  public mutating func end(_ refusal: Refusal?) {
    switch state {
    case .failing, .finishing, .closed: return
    default: break
    }
    guard !isEnding else { return }
    isEnding = true
    if case .authenticated(let handshake, _) = state {
      lastWords = refusal?.closing.frame(answering: .authenticate, requestID: handshake.requestID)
    } else {
      lastWords = refusal?.closing.frame(answering: .goAway, requestID: 0)
    }
  }

  mutating func send(_ frame: Frame, now: Instant) -> Step {
    output.send(frame.byteCount, limits: limits, now: now)
    return .send(frame)
  }
}
