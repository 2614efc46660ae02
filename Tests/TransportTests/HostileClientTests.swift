import NIOCore
import TestSupport
import Testing
import Transport
import Wire

/// Clients that cost time or memory without doing anything, against a real listener with deadlines of a second.
@Suite struct `Clients that waste a listener's time` {
  private static var limits: Limits {
    var limits = Limits.patient
    (limits.frameTime, limits.stallTime) = (.seconds(1), .seconds(1))
    (limits.outboundLowMark, limits.outboundHighMark) = (64 << 10, 1 << 20)
    limits.lingerTime = .milliseconds(200)
    return limits
  }

  /// Twenty clients do `waste`, at once; meanwhile an honest one is answered all the time.
  ///
  /// - Returns: The errors with which the listener let go of them.
  private func endings(
    _ place: Place, _ limits: Limits = limits, _ waste: @escaping @Sendable (Address) async throws -> ErrorCode?
  ) async throws -> Set<ErrorCode?> {
    var endings: Set<ErrorCode?> = []
    try await Listener.run(at: place.address, limits) { listener in
      let honest = try await HonestClient(to: listener.address)
      try await honest.ready()
      let work = Task {
        while !Task.isCancelled { _ = try await honest.ask(.echo, .filled(1000)) }
      }
      endings = try await withThrowingTaskGroup(of: ErrorCode?.self) { group in
        for _ in 0..<20 { group.addTask { try await waste(listener.address) } }
        return try await group.reduce(into: []) { $0.insert($1) }
      }
      try await listener.wait { $0.connections == 1 }
      work.cancel()
      try await work.value
      honest.close()
    }
    return endings
  }

  @Test(arguments: Place.allCases)
  func `by saying nothing are let go`(_ place: Place) async throws {
    var limits = Self.limits
    limits.handshakeTime = .seconds(1)
    let endings = try await endings(place, limits) { address in
      var client = try await RawClient(to: address)
      return try await client.ending()?.code
    }
    #expect(endings == [.handshakeTimeout])
  }

  @Test(arguments: Place.allCases)
  func `by a handshake of single bytes are let go`(_ place: Place) async throws {
    var limits = Self.limits
    limits.handshakeTime = .seconds(1)
    let endings = try await endings(place, limits) { address in
      var client = try await RawClient(to: address)
      for byte in Frame(.hello, payload: Hello().payload).bytes.prefix(15) {
        client.send([byte])
        try await Task.sleep(for: .milliseconds(100))
      }
      return try await client.ending()?.code
    }
    #expect(endings == [.handshakeTimeout])
  }

  @Test(arguments: Place.allCases)
  func `by half a frame are let go`(_ place: Place) async throws {
    for length in [1, 31, 33] {
      let endings = try await endings(place) { address in
        var client = try await RawClient(to: address)
        try await client.shakeHands()
        client.send(Frame(.echo, requestID: 1, payload: .filled(1000)).bytes.prefix(length))
        return try await client.ending()?.code
      }
      #expect(endings == [.slowFrame])
    }
  }

  @Test(arguments: Place.allCases)
  func `by leaving in the middle of a frame cost nothing`(_ place: Place) async throws {
    let endings = try await endings(place) { address in
      var client = try await RawClient(to: address)
      try await client.shakeHands()
      client.send(Frame(.echo, requestID: 1, payload: .filled(1000)).bytes.prefix(500))
      client.endOutput()
      return try await client.ending()?.code
    }
    #expect(endings == [nil])
  }

  @Test(arguments: Place.allCases)
  func `by taking nothing of what they ask for are let go`(_ place: Place) async throws {
    _ = try await endings(place) { address in
      let client = try await RawClient(to: address, isReading: false)
      client.send(Frame(.hello, payload: Hello().payload))
      client.send(Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)))
      // More than the buffers of the system hold.
      client.send((1...100).flatMap { Frame(.swell, requestID: $0).bytes })
      try await Task.sleep(for: .seconds(2))
      client.close()
      return nil
    }
  }
}

@Suite struct `Frames that announce too much` {
  /// A header that announces `length` bytes.
  private static func header(_ type: MessageType, _ length: UInt32) -> [UInt8] {
    var buffer = ByteBuffer()
    FrameHeader(type: type, length: length, requestID: 1).write(to: &buffer)
    return Array(buffer.readableBytesView)
  }

  @Test(arguments: Place.allCases, [1025, 64 << 20, .max] as [UInt32])
  func `are refused before a client has shown who it is`(_ place: Place, _ length: UInt32) async throws {
    try await Listener.run(at: place.address) { listener in
      var client = try await RawClient(to: listener.address)
      client.send(Self.header(.hello, length))
      let refusal = try await client.ending()
      #expect(refusal?.code == .frameTooLarge && refusal?.detail == 1024)
    }
  }

  @Test(arguments: Place.allCases, [64 << 20 + 1, 1 << 31, .max] as [UInt32])
  func `are refused afterwards`(_ place: Place, _ length: UInt32) async throws {
    try await Listener.run(at: place.address) { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands()
      client.send(Self.header(.echo, length))
      let refusal = try await client.ending()
      #expect(refusal?.code == .frameTooLarge && refusal?.detail == 64 << 20)
    }
  }

  @Test(arguments: Place.allCases)
  func `of a hundred clients at a time leave room for an honest one`(_ place: Place) async throws {
    var limits = Limits.patient
    limits.frameTime = .seconds(1)
    limits.slowestBytesPerSecond = 1 << 30
    try await Listener.run(at: place.address, limits) { listener in
      var clients: [RawClient] = []
      for _ in 0..<100 {
        var client = try await RawClient(to: listener.address)
        try await client.shakeHands()
        client.send(Self.header(.echo, 64 << 20) + [UInt8](repeating: 0, count: 1000))
        clients.append(client)
      }
      let honest = try await HonestClient(to: listener.address)
      for _ in 0..<100 { #expect(try await honest.ask(.echo, .filled(1000)).payload.readableBytes == 1000) }
      // The first ones are let go, and others get their turn.
      #expect(try await clients[0].ending()?.code == .slowFrame)
      for client in clients { client.close() }
      try await listener.wait { $0.connections == 1 }
      let large = ByteBuffer.filled(32 << 20)
      #expect(try await honest.ask(.echo, large).payload == large)
    }
  }
}
