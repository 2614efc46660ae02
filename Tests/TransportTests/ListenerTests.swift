import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `A listener` {
  @Test(arguments: Place.allCases)
  func `answers small and large requests, at sockets of both kinds`(_ place: Place) async throws {
    try await Listener.run(at: place.address) { listener in
      let client = try await HonestClient(to: listener.address)
      for byteCount in [0, 1, 100_000, 9 << 20] {
        let payload = ByteBuffer.filled(byteCount)
        #expect(try await client.ask(.echo, payload).payload == payload)
      }
      await #expect(throws: Refusal(.unknownType, "no such request")) {
        _ = try await client.ask(MessageType(rawValue: 0x7F))
      }
      #expect(try await client.ask(.swell).payload.readableBytes == 1 << 20)
      client.close()
    }
  }

  @Test(arguments: Place.allCases, [Features.known, []])
  func `sends answers while they are made, and what is asked behind them`(
    _ place: Place, _ features: Features
  ) async throws {
    try await Listener.run(at: place.address) { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands(features: features)
      client.send(
        [
          Frame(.echo, requestID: 1, payload: .filled(9)), Frame(.stream, requestID: 2), Frame(.stream, requestID: 3),
          Frame(.echo, requestID: 4),
        ].flatMap(\.bytes))
      #expect(try await client.next()?.payload == .filled(9))
      for number: UInt64 in 2...3 {
        let answer = try #require(try await client.next())
        #expect(answer.header.requestID == number && answer.header.flags == .response)
        #expect(answer.payload.readableBytes == 36 * 100_001)
        #expect(answer == Frame(.stream, flags: .response, requestID: number, payload: answer.payload))
      }
      #expect(try await client.next()?.header.requestID == 4)
      try await listener.wait { $0.connections == 1 }
      client.close()
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Place.allCases)
  func `answers a long request that comes fast, then slowly, and what comes behind it`(_ place: Place) async throws {
    try await Listener.run(at: place.address) { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands()
      for (number, rest) in [300_000, 100_000, 20].enumerated() {
        let (long, short) = (UInt64(2 * number + 1), UInt64(2 * number + 2))
        let payload = ByteBuffer.filled(1 << 20)
        let bytes =
          Frame(.echo, requestID: long, payload: payload).bytes
          + Frame(.echo, requestID: short, payload: .filled(9)).bytes
        let ends = [bytes.count - rest, bytes.count - rest / 2, bytes.count - 10, bytes.count]
        for (begin, end) in zip([0] + ends, ends) {
          client.send(bytes[begin..<end])
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await client.next()?.payload == payload)
        #expect(try await client.next()?.header.requestID == short)
      }
      client.close()
    }
  }

  @Test func `takes 32 requests of a connection at a time, and the next when they are answered`() async throws {
    try await Listener.run { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands()
      client.send((1...40).flatMap { Frame(.keep, requestID: $0).bytes })
      try await listener.wait { $0.keptCount == 32 }
      try await listener.withService { $0.answerAll() }
      for number in (1...32).reversed() { #expect(try await client.next()?.header.requestID == UInt64(number)) }
      try await listener.wait { $0.keptCount == 8 }
      try await listener.withService { $0.answerAll() }
      for number in (33...40).reversed() { #expect(try await client.next()?.header.requestID == UInt64(number)) }
    }
  }

  @Test func `sends error 308 for a reply that the client does not take`() async throws {
    try await Listener.run { listener in
      let client = try await HonestClient(to: listener.address, receiveLimit: 1 << 20 - 1)
      let error = await #expect(throws: Refusal.self) { _ = try await client.ask(.swell) }
      #expect(error?.code == .responseTooLarge)
      #expect(try await client.ask().payload.readableBytes == 0)
    }
  }

  @Test func `lets in who has the key, and nobody else`() async throws {
    let key = SharedKey(id: "k1", role: .worker, secret: [UInt8](repeating: 0x0B, count: 32))
    let wrong = SharedKey(id: "k1", role: .worker, secret: [UInt8](repeating: 0x0C, count: 32))
    try await Listener.run(keys: KeyRing([key])) { listener in
      let friend = try await HonestClient(to: listener.address, key: key)
      #expect(try await friend.ready().isAuthenticated)
      let refused = try await HonestClient(to: listener.address, key: wrong).ending()
      guard case .refused(let refusal) = refused else { throw refused }
      #expect(refusal.code == .authenticationFailed)
      #expect(try await HonestClient(to: listener.address).ending() == .keyMissing)
      _ = try await friend.ask()
    }
    try await Listener.run { listener in
      let client = try await HonestClient(to: listener.address, key: key)
      #expect(try await client.ending() == .authenticationMissing(keyID: "k1"))
    }
  }

  @Test func `closes a client's older connection when the client comes again`() async throws {
    try await Listener.run { listener in
      let id = Identifier.random()
      let first = try await HonestClient(to: listener.address, id)
      try await first.ready()
      let second = try await HonestClient(to: listener.address, id)
      let ending = try await first.ending()
      guard case .refused(let refusal) = ending else { throw ending }
      #expect(refusal.code == .fenced)
      _ = try await second.ask()
      #expect(try await listener.withService { $0.connections } == 1)
    }
  }

  @Test func `tells clients that are too many so, until others leave`() async throws {
    var limits = Limits.patient
    limits.connections = 2
    try await Listener.run(limits) { listener in
      let clients = [try await HonestClient(to: listener.address), try await HonestClient(to: listener.address)]
      for client in clients { try await client.ready() }
      let ending = try await HonestClient(to: listener.address).ending()
      guard case .refused(let refusal) = ending else { throw ending }
      #expect(refusal.code == .tooManyConnections && refusal.detail == 2)
      clients[0].close()
      try await listener.wait { $0.connections == 1 }
      // The one that was told so may take a moment to leave.
      while true {
        let client = try await HonestClient(to: listener.address)
        if (try? await client.ask()) != nil { break }
      }
      _ = try await clients[1].ask()
    }
  }

  @Test func `is not reached from other machines without a key`() async throws {
    for host in ["0.0.0.0", "::"] {
      let address = Address.tcp(host: host, port: 0)
      await #expect(throws: ListenError(address: address, reason: .openWithoutKey)) {
        try await Listener.run(at: address) { _ in }
      }
    }
  }

  @Test func `lets a client take a long answer as slowly as it likes, as long as it takes some`() async throws {
    var limits = Limits.patient
    limits.stallTime = .seconds(1)
    try await Listener.run(limits) { listener in
      var client = try await RawClient(to: listener.address)
      try await client.shakeHands()
      let reading = try await client.takeSlowly(every: .milliseconds(10))
      let start = ContinuousClock.now
      client.send(Frame(.flood, requestID: 1))
      let answer = try #require(try await client.next())
      reading.cancel()
      #expect(answer.refusal == nil && answer.payload.readableBytes == 60 << 20)
      // Otherwise the test shows nothing.
      #expect(ContinuousClock.now - start > limits.stallTime)
      client.close()
    }
  }

  @Test func `refuses limits that cannot be kept`() async {
    var limits = Limits.patient
    limits.payload = Limits.payloadCap + 1
    await #expect(throws: LimitsError.self) { try await Listener.run(limits) { _ in } }
  }

  @Test func `takes the place of a socket that was left behind, never that of another server`() async throws {
    let address = Place.unix.address
    guard case .unix(let path) = address else { return }
    let left = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(unixDomainSocketPath: path).get()
    // The one who closes removes the socket; who ends without closing does not.
    try FileManager.default.moveItem(atPath: path, toPath: path + ".left")
    try await left.close().get()
    try FileManager.default.moveItem(atPath: path + ".left", toPath: path)
    #expect(FileManager.default.fileExists(atPath: path))
    try await Listener.run(at: address) { listener in
      #expect(listener.address == address)
      await #expect(throws: ListenError.self) { try await Listener.run(at: address) { _ in } }
      _ = try await HonestClient(to: address).ask()
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `starts its service when clients can reach it, and never if they cannot`() async throws {
    try await Listener.run { listener in
      try await listener.withService { #expect($0.isStarted) }
      let services = Mutex<[NIOLoopBound<EchoService>]>([])
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      let taken = ListenError(address: listener.address, reason: .unusable("Address already in use"))
      await #expect(throws: taken) {
        try await Listener.start(at: listener.address, on: loop) { loop in
          let service = EchoService()
          services.withLock { $0.append(NIOLoopBound(service, eventLoop: loop)) }
          return service
        }
      }
      let service = try #require(services.withLock { $0.first })
      #expect(try await loop.submit { service.value.isStarted }.get() == false)
    }
  }

  @Test func `never removes a file that is no socket`() async throws {
    let address = Place.unix.address
    guard case .unix(let path) = address else { return }
    #expect(FileManager.default.createFile(atPath: path, contents: Data("precious".utf8)))
    defer { try? FileManager.default.removeItem(atPath: path) }
    await #expect(throws: ListenError.self) { try await Listener.run(at: address) { _ in } }
    #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
  }
}
