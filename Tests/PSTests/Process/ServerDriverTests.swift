import NIOCore
import PS
import Testing
import Wire

@Suite struct `A driver` {
  @Test func `tells the core what happens while it does what the core says afterwards, and does nothing twice`() throws
  {
    let loop = SimulatedLoop(World(seed: 1), slowness: 0...0.001)
    var driver: ServerDriver?
    var answered: [UInt64] = []
    func ask(_ number: UInt64) {
      driver?.step(.request(Frame(.stats, requestID: number), from: 1))
    }
    driver = ServerDriver(
      .init(), store: nil, on: loop,
      perform: { effect in
        guard case .reply(let frame, _) = effect else { return }
        answered.append(frame.header.requestID)
        // As a connection does that breaks, or that has room again, when it is answered.
        if answered.count == 1 {
          ask(2)
          driver?.step(.disconnected(1))
          ask(3)
          #expect(answered == [1])
        }
      }, failed: { _ in })
    driver?.start()
    let client = Identifier(bytes: [UInt8](repeating: 1, count: 16))
    driver?.step(.connected(1, Peer(clientID: client, role: .worker, receiveLimit: 1 << 20)))
    ask(1)
    #expect(answered == [1, 2])
    driver = nil
  }
}
