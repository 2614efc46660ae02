#if TLS
  import NIOCore
  import NIOPosix
  import TestSupport
  import Testing
  import Transport
  import Wire

  @Suite struct `A connection with TLS` {
    private static func file(_ name: String) -> String { OnlearnProcess.packageFolder + "/Tests/Fixtures/tls/" + name }

    private static func server(_ name: String = "server") throws -> ServerTLS {
      try ServerTLS(certificate: file("\(name).pem"), key: file("\(name).key"))
    }

    private static func client(_ authority: String = "authority") throws -> ClientTLS {
      try ClientTLS(authorities: file("\(authority).pem"))
    }

    /// Why a client cannot get in.
    private func refusal(
      _ listener: Listener<EchoService>, _ tls: ClientTLS?, host: String? = nil
    ) async throws -> ConnectionError? {
      var address = listener.address
      if let host, case .tcp(_, let port) = address { address = .tcp(host: host, port: port) }
      let client = try await HonestClient(to: address, tls: tls, limits: .patient)
      return await #expect(throws: ConnectionError.self) { try await client.ready() }
    }

    @Test func `carries small and large requests, many at a time`() async throws {
      try await Listener.run(tls: Self.server()) { listener in
        let client = try await HonestClient(to: listener.address, tls: Self.client(), limits: .patient)
        for size in [0, 1, 16 << 10, 8 << 20] {
          #expect(try await client.ask(.echo, .filled(size)).payload == .filled(size))
        }
        try await withThrowingTaskGroup { group in
          for size in 1...32 {
            group.addTask { try await client.ask(.echo, .filled(size << 14)).payload.readableBytes }
          }
          let sizes = try await group.reduce(into: []) { $0.append($1) }
          #expect(sizes.sorted() == (1...32).map { $0 << 14 })
        }
        client.close()
      }
    }

    @Test func `is made by the server's name, too, and with keys`() async throws {
      let key = SharedKey(id: "k", role: .worker, secret: [UInt8](repeating: 7, count: 32))
      try await Listener.run(keys: KeyRing([key]), tls: Self.server()) { listener in
        guard case .tcp(_, let port) = listener.address else { return }
        let client = try await HonestClient(
          to: .tcp(host: "localhost", port: port), key: key, tls: Self.client(), limits: .patient)
        #expect(try await client.ask(.echo, .filled(9)).payload == .filled(9))
        client.close()
        let other = try await HonestClient(to: listener.address, tls: Self.client(), limits: .patient)
        await #expect(throws: ConnectionError.keyMissing) { try await other.ready() }
      }
    }

    @Test func `is refused by a client that does not trust the server, or meant another one`() async throws {
      try await Listener.run(tls: Self.server()) { listener in
        let untrusted = ConnectionError.notSecure(
          reason: "its certificate is of no authority that is trusted here, or has expired")
        let (stranger, system) = (try Self.client("stranger"), try ClientTLS())
        for tls in [stranger, system] {
          let error = try await refusal(listener, tls)
          #expect(error == untrusted)
        }
      }
      try await Listener.run(tls: Self.server("elsewhere")) { listener in
        let other = ConnectionError.notSecure(
          reason: "its certificate is not for the address by which it was reached")
        let byName = try await refusal(listener, Self.client(), host: "localhost")
        #expect(byName == other)
        let byNumber = try await refusal(listener, Self.client())
        #expect(byNumber?.isTransient == false, "\(String(describing: byNumber))")
      }
    }

    @Test func `is not made where only one side wants it`() async throws {
      try await Listener.run { listener in
        let expected = ConnectionError.notSecure(reason: "it does not speak TLS")
        let error = try await refusal(listener, Self.client())
        #expect(error == expected)
      }
      try await Listener.run(tls: Self.server()) { listener in
        let error = try await refusal(listener, nil)
        #expect(error != nil)
      }
    }

    @Test func `that is no TLS, or silent, is closed, and others are served meanwhile`() async throws {
      var limits = Limits.patient
      limits.handshakeTime = .seconds(1)
      try await Listener.run(limits, tls: Self.server()) { listener in
        let honest = try await HonestClient(to: listener.address, tls: Self.client(), limits: .patient)
        try await honest.ready()
        var silent = try await RawClient(to: listener.address)
        var noise = try await RawClient(to: listener.address)
        noise.send((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) })
        var cut = try await RawClient(to: listener.address)
        cut.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        cut.endOutput()
        #expect(try await honest.ask(.echo, .filled(5)).payload == .filled(5))
        // What comes back may be an alert of TLS, which is no frame.
        _ = try? await noise.next()
        _ = try? await cut.next()
        _ = try? await silent.next()
        #expect(try await honest.ask(.echo, .filled(5)).payload == .filled(5))
        honest.close()
        try await listener.wait { $0.connections == 0 }
      }
    }

    @Test func `ends when the server leaves`() async throws {
      let listener = try await Listener.start(
        at: Place.tcp.address, limits: .patient, tls: Self.server(), on: MultiThreadedEventLoopGroup.singleton.next()
      ) { _ in EchoService() }
      let client = try await HonestClient(to: listener.address, tls: Self.client(), limits: .patient)
      try await client.ready()
      await listener.drain(within: .seconds(1))
      #expect(try await client.ending() == .closedByServer)
    }

    @Test func `over a Unix socket is not encrypted`() async throws {
      try await Listener.run(at: Place.unix.address, tls: Self.server()) { listener in
        var raw = try await RawClient(to: listener.address)
        try await raw.shakeHands()
        raw.close()
        let client = try await HonestClient(to: listener.address, tls: Self.client(), limits: .patient)
        try await client.ready()
        client.close()
      }
    }

    @Test(arguments: [
      ("none.pem", "server.key", "there is no such file"), ("server.key", "server.key", "no certificate"),
      ("server.pem", "none.key", "there is no such file"), ("server.pem", "server.pem", "no private key in PEM"),
      ("server.pem", "elsewhere.key", "do not belong together"),
    ]) func `needs files that fit`(_ certificate: String, _ key: String, _ cause: String) {
      let error = #expect(throws: TLSError.self) {
        try ServerTLS(certificate: Self.file(certificate), key: Self.file(key))
      }
      #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
      #expect(throws: TLSError.self) { try ClientTLS(authorities: Self.file("server.key")) }
    }
  }
#endif
