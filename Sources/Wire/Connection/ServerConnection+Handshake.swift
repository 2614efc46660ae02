import NIOCore

extension ServerConnection {
  /// What was said in the handshake, to be proven.
  struct Handshake: Sendable {
    let hello: Hello
    let helloBytes: ByteBuffer
    let challengeBytes: ByteBuffer
    let challenge: Challenge
    var key: SharedKey?
    /// The number of the frame that is to be answered.
    var requestID: UInt64
  }

  /// Takes the next word of the handshake; nothing else may come.
  ///
  /// - Parameter header: Is set to the frame that an error answers.
  mutating func shakeHands(
    from input: inout ByteBuffer, _ header: inout FrameHeader?, _ identity: () -> ServerIdentity,
    load: inout ServerLoad, now: Instant
  ) throws(Refusal) -> Step? {
    header = try assembler.header(from: &input)
    guard let header else { return nil }
    var expected = MessageType.hello
    if case .challenged = state { expected = .authenticate }
    guard header.type == expected else {
      throw Refusal(
        .authenticationRequired, "a frame of type \(header.type) where \(expected) was expected")
    }
    try checkFlags(header)
    guard let frame = try assembler.frame(from: &input) else { return nil }
    if case .challenged(let handshake) = state {
      return try authenticate(frame, handshake, load: &load, now: now)
    }
    return try challenge(frame, identity: identity(), now: now)
  }

  private mutating func challenge(_ frame: Frame, identity: ServerIdentity, now: Instant) throws(Refusal) -> Step {
    let hello: Hello
    do throws(Refusal) { hello = try Hello(reading: frame.payload) } catch { throw error.closing }
    guard hello.versions.contains(FrameHeader.version) else {
      throw Refusal(
        .unsupportedVersion, detail: UInt64(FrameHeader.version) << 8 | UInt64(FrameHeader.version),
        "versions \(hello.versions.lowerBound) to \(hello.versions.upperBound); this server speaks version 1")
    }
    guard hello.receiveLimit >= limits.handshakePayload else {
      throw Refusal(
        .malformed, closing: true,
        "a hello of a client that takes \(hello.receiveLimit) bytes; it must take \(limits.handshakePayload)")
    }
    var challenge = Challenge(storeID: identity.storeID, bootID: identity.bootID, nonce: nonce, limits: limits)
    challenge.isAuthenticated = !keys.isEmpty
    challenge.features = hello.features.intersection(identity.features)
    challenge.epoch = identity.epoch
    challenge.shard = identity.shard
    challenge.shards = identity.shards
    let payload = challenge.payload
    state = .challenged(
      Handshake(
        hello: hello, helloBytes: frame.payload, challengeBytes: payload, challenge: challenge,
        requestID: frame.header.requestID))
    return send(Frame(.challenge, requestID: frame.header.requestID, payload: payload), now: now)
  }

  private mutating func authenticate(
    _ frame: Frame, _ handshake: Handshake, load: inout ServerLoad, now: Instant
  ) throws(Refusal) -> Step? {
    var handshake = handshake
    handshake.requestID = frame.header.requestID
    guard let proof = frame.payload.getBytes(at: 0, length: 32), frame.payload.readableBytes == 32 else {
      throw Refusal(
        .malformed, closing: true, "a proof of \(frame.payload.readableBytes) bytes; it must have 32")
    }
    if keys.isEmpty {
      guard proof == Authenticated.noProof else {
        throw Refusal(.malformed, closing: true, "a proof where none was asked for; it must be zero")
      }
    } else {
      handshake.key = keys.key(
        named: handshake.hello.keyID, proving: proof, hello: handshake.helloBytes, challenge: handshake.challengeBytes)
      guard handshake.key != nil else { return fail(frame.header, load: &load, now: now) }
    }
    let hello = handshake.hello
    let most = handshake.key?.role ?? hello.role
    let role = most.includes(hello.role) ? hello.role : most
    let client = ClientIdentity(
      id: hello.clientID, keyID: handshake.key?.id ?? "", role: role, receiveLimit: Int(hello.receiveLimit),
      features: handshake.challenge.features, build: hello.build)
    state = .authenticated(handshake, client)
    return .welcome(client)
  }

  /// Answers a wrong proof after a while, so that guessing is slow; when too many guess, not at all.
  private mutating func fail(_ header: FrameHeader, load: inout ServerLoad, now: Instant) -> Step? {
    guard load.delayAnswer() else {
      state = .closed
      return .close
    }
    let refusal = Refusal(.authenticationFailed, "the key is unknown, or the proof is wrong")
    state = .failing(refusal.frame(answering: header.type, requestID: header.requestID))
    stateDeadline = now + limits.authenticationDelay
    return nil
  }

  /// Lets the client in: its session stands at `session`.
  ///
  /// - Returns: The frame that tells it so.
  public mutating func welcome(_ session: SessionState, now: Instant) -> Frame {
    guard case .authenticated(let handshake, let client) = state else {
      preconditionFailure("a welcome in state \(state)")
    }
    let proof =
      handshake.key?.proof(of: .server, hello: handshake.helloBytes, challenge: handshake.challengeBytes)
      ?? Authenticated.noProof
    let answer = Authenticated(
      proof: proof, lastAppliedSequence: session.lastAppliedSequence, sessionNumber: session.number)
    state = .ready
    receiveLimit = client.receiveLimit
    assembler.payloadLimit = limits.payload
    assembler.takesTrailingChecksums = client.features.contains(.trailingChecksums)
    lastActivity = now
    let frame = Frame(.authenticated, requestID: handshake.requestID, payload: answer.payload)
    output.send(frame.byteCount, limits: limits, now: now)
    return frame
  }
}

extension Refusal {
  /// The same, and the connection closes.
  var closing: Refusal {
    var refusal = self
    refusal.closesConnection = true
    return refusal
  }
}
