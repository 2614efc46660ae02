import Parameters
import Serve
import Synchronization
import Testing

@Suite struct `Published parameters` {
  private let store: MemoryStore
  private let now = ContinuousClock.now

  init() throws { store = try MemoryStore([ParameterSpec(name: "w", shape: [1])]) }

  private func push() throws {
    _ = try store.exchange(push: ParameterGradients(gradients: [.none]), pull: nil)
  }

  @Test func `do not wait for an update that they have before they hear of it`() throws {
    let copies = Mutex(0)
    let published = try PublishedParameters(store, maximumStaleness: .milliseconds(200)) { _ in
      copies.withLock { $0 += 1 }
    }
    try push()
    published.noteUpdate(version: 1, at: now)
    try push()
    try published.publishIfDue(at: now + .seconds(1))
    published.noteUpdate(version: 2, at: now + .seconds(1))
    #expect(published.staleness(at: now + .seconds(5)) == .zero)
    try push()
    published.noteUpdate(version: 3, at: now + .seconds(6))
    #expect(published.staleness(at: now + .seconds(7)) == .seconds(1))
    try published.publishIfDue(at: now + .seconds(7))
    #expect(published.staleness(at: now + .seconds(9)) == .zero)
    #expect(copies.withLock { $0 } == 2)
  }
}
