import NIOCore
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `A listener that drains` {
  @Test(arguments: Place.allCases)
  func `says so, answers what it has got, refuses the rest, and ends`(_ place: Place) async throws {
    try await Listener.run(at: place.address) { listener in
      let client = try await HonestClient(to: listener.address)
      let kept = Task { try await client.ask(.keep, .filled(10)) }
      try await listener.wait { $0.keptCount == 1 }
      async let drained: Void = listener.drain(within: .seconds(60))
      while try await !client.wasAskedToLeave { try await Task.sleep(for: .milliseconds(2)) }
      let error = await #expect(throws: Refusal.self) { _ = try await client.ask() }
      #expect(error?.code == .draining)
      try await listener.withService { $0.answerAll() }
      let answer = try await kept.value
      #expect(answer.header.flags.contains(.draining) && answer.payload.readableBytes == 10)
      await drained
      #expect(try await client.ending() == .closedByServer)
      let late = try await HonestClient(to: listener.address).ending()
      guard case .unreachable = late else { throw late }
    }
  }

  @Test func `closes what is left when its time is over`() async throws {
    try await Listener.run { listener in
      let client = try await HonestClient(to: listener.address)
      let kept = Task { try await client.ask(.keep) }
      try await listener.wait { $0.keptCount == 1 }
      await listener.drain(within: .milliseconds(50))
      await #expect(throws: ConnectionError.closedByServer) { _ = try await kept.value }
      #expect(try await listener.withService { $0.connections } == 0)
    }
  }

  @Test func `lets a client take its last answer, however long that takes`() async throws {
    var limits = Limits.patient
    (limits.lingerTime, limits.stallTime) = (.milliseconds(200), .seconds(45))
    try await Listener.run(limits) { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands()
      let reading = try await client.takeSlowly(every: .milliseconds(10))
      client.send(Frame(.flood, requestID: 1))
      try await listener.wait { $0.floods == 1 }
      let start = ContinuousClock.now
      await listener.drain(within: .seconds(60))
      let time = ContinuousClock.now - start
      #expect(time > limits.lingerTime && time < limits.stallTime)
      let answer = try #require(try await client.next())
      reading.cancel()
      #expect(answer.refusal == nil && answer.payload.readableBytes == 60 << 20)
      client.close()
    }
  }

  @Test func `ends at once when nobody is connected`() async throws {
    try await Listener.run { await $0.drain(within: .seconds(3600)) }
  }
}
