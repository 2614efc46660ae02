extension ServerConnection {
  /// When the frame on its way in must have got further: a header within the time of a frame, a payload at the speed
  /// of the slowest line allowed. The clock stands still while the connection holds a request back.
  var frameDeadline: Instant {
    guard let frameStart else { return Instant(nanoseconds: .max) }
    let seconds = Double(assembler.payloadBytes) / Double(limits.slowestBytesPerSecond)
    return frameStart + limits.frameTime + .seconds(seconds)
  }

  /// When a connection with nothing to wait for is closed.
  var idleDeadline: Instant { inFlight.isEmpty ? lastActivity + limits.idleTime : Instant(nanoseconds: .max) }

  /// Notes when a frame began.
  mutating func clockFrame(_ now: Instant) {
    if isHolding || !assembler.isInsideFrame {
      frameStart = nil
    } else if frameStart == nil {
      frameStart = now
    }
  }

  /// What happens because time has passed.
  mutating func overdue(load: inout ServerLoad, now: Instant) -> Step? {
    guard now >= deadline else { return nil }
    switch state {
    case .accepted, .challenged:
      return finish(Refusal(.handshakeTimeout, "no handshake within \(limits.handshakeTime)"), load: &load, now: now)
    case .failing(let answer): return finish(saying: answer, load: &load, now: now)
    case .finishing:
      state = .closed
      return .close
    case .ready, .draining:
      if now >= frameDeadline {
        let text = "a frame slower than \(limits.slowestBytesPerSecond) bytes a second after \(limits.frameTime)"
        return finish(Refusal(.slowFrame, text), load: &load, now: now)
      }
      if now >= output.stalls(after: limits.stallTime) { return finish(slowConsumer, load: &load, now: now) }
      return finish(Refusal(.idle, "nothing came for \(limits.idleTime)"), load: &load, now: now)
    case .authenticated, .closed: return nil
    }
  }

  var slowConsumer: Refusal {
    Refusal(.slowConsumer, "replies are not taken: \(output.waiting) bytes wait")
  }

  /// Says why, and that the connection is over.
  mutating func finish(_ refusal: Refusal, load: inout ServerLoad, now: Instant) -> Step {
    finish(saying: refusal.frame(answering: .goAway, requestID: 0), load: &load, now: now)
  }

  /// The connection is over; it stays for a moment, so that the client gets what was said.
  mutating func finish(saying frame: Frame?, load: inout ServerLoad, now: Instant) -> Step {
    letGo(load: &load)
    state = .finishing
    stateDeadline = now + limits.lingerTime
    return .finish(frame)
  }

  /// Gives back everything taken of what connections share.
  mutating func letGo(load: inout ServerLoad) {
    if case .failing = state { load.answered() }
    load.release(bytesInFlight + (reserved ?? 0))
    inFlight.removeAll()
    bytesInFlight = 0
    reserved = nil
    frameStart = nil
    isHolding = false
    isShortOfMemory = false
  }
}
