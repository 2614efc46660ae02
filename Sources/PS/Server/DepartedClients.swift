import NIOCore
import Wire

/// Clients that have a session and no connection, in the order in which they went.
///
/// To come and go takes no search: who has come back stays in the queue until it is the first there, or until those who
/// are back are more than the others.
struct DepartedClients: Sendable {
  private var times: [Identifier: Instant] = [:]
  private var queue = CircularBuffer<(client: Identifier, time: Instant)>()
  /// Whether ``prepend(_:at:)`` was called.
  private(set) var hasEarlier = false

  /// When a client went; nil if it is back, or never was here.
  func time(of client: Identifier) -> Instant? { times[client] }

  /// The client that is away longest, and since when.
  var first: (client: Identifier, time: Instant)? {
    mutating get {
      while let entry = queue.first {
        if isAway(entry) { return entry }
        queue.removeFirst()
      }
      return nil
    }
  }

  /// A client goes, after all others.
  mutating func add(_ client: Identifier, at time: Instant) {
    times[client] = time
    queue.append((client, time))
    if queue.count > 2 * times.count + 64 { queue = queue.filter(isAway) }
  }

  /// A client is back, or has no session any more.
  mutating func remove(_ client: Identifier) { times[client] = nil }

  /// Clients that went before all others, in this order, of which nothing is known but that they were away at `time`.
  mutating func prepend(_ clients: [Identifier], at time: Instant) {
    hasEarlier = true
    for client in clients.reversed() {
      times[client] = time
      queue.prepend((client, time))
    }
  }

  private func isAway(_ entry: (client: Identifier, time: Instant)) -> Bool { times[entry.client] == entry.time }
}
