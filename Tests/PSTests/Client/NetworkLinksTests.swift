import PS
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `Links to parameter servers` {
  private static func ask(_ links: NetworkLinks) async throws -> Int {
    try await Soak.onThread { try links.call([ServerRequest(reading: .stats)]).count }
  }

  @Test func `reach a server by the name of its host, whichever of its addresses it listens at`() async throws {
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    guard case .tcp(_, let port) = server.address else { return }
    #expect(try await Self.ask(NetworkLinks([.tcp(host: "localhost", port: port)])) == 1)
    try await server.stop(within: .zero)
  }

  @Test func `are refused to more servers than a cluster can have`() {
    let addresses = (1...1025).map { Address.tcp(host: "127.0.0.1", port: $0) }
    #expect(throws: ClientError.tooManyServers(1025)) { try Cluster.find(addresses) }
  }

  @Test func `know what a server takes when they have met it`() async throws {
    var serverOptions = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
    serverOptions.limits.payload = 1 << 20
    let server = try await ParameterServer.start(serverOptions)
    let links = NetworkLinks([server.address])
    #expect(links.payloadLimit == Limits().payload)
    #expect(try await Self.ask(links) == 1)
    #expect(links.payloadLimit == 1 << 20)
    let others = EventLoopLinks(server.address)
    _ = try await others.answer(to: ServerRequest(reading: .stats))
    #expect(try await Soak.onThread { others.payloadLimit } == 1 << 20)
    try await server.stop(within: .zero)
  }

  @Test func `show servers that a client lives that does something else`() async throws {
    var serverOptions = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
    serverOptions.limits.idleTime = .seconds(2)
    let server = try await ParameterServer.start(serverOptions)
    let proxy = try await FaultProxy.start(to: server.address, FaultProxy.Faults(), seed: 1)
    var options = NetworkLinks.Options()
    options.limits.pingTime = .milliseconds(100)
    let links = NetworkLinks([proxy.address], options: options)
    #expect(try await Self.ask(links) == 1)
    try await Task.sleep(for: .seconds(3))
    #expect(try await Self.ask(links) == 1)
    #expect(proxy.counts.connections == 1)
    await proxy.stop()
    try await server.stop(within: .zero)
  }

  @Test func `are made again when they break while nobody asks`() async throws {
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    let proxy = try await FaultProxy.start(to: server.address, FaultProxy.Faults(), seed: 1)
    var options = NetworkLinks.Options()
    options.limits.pingTime = .milliseconds(100)
    let links = NetworkLinks([proxy.address], options: options)
    #expect(try await Self.ask(links) == 1)
    proxy.breakConnections()
    let end = ContinuousClock.now + .seconds(5)
    while proxy.counts.connections < 2, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
    #expect(proxy.counts.connections == 2)
    #expect(try await Self.ask(links) == 1)
    await proxy.stop()
    try await server.stop(within: .zero)
  }
}
