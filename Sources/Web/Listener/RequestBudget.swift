import NIOCore
import Synchronization

/// Counts the bytes that requests hold, so that all together stay below a limit.
final class RequestBudget: Sendable {
  private let limit: Int
  private let held = Atomic(0)

  /// Lets at most `limit` bytes be held.
  init(limit: Int) { self.limit = limit }

  /// Takes `bytes` more, or nothing and returns false if that would be too many.
  func take(_ bytes: Int) -> Bool {
    let total = held.wrappingAdd(bytes, ordering: .relaxed).newValue
    if total <= limit { return true }
    held.wrappingSubtract(bytes, ordering: .relaxed)
    return false
  }

  /// Gives `bytes` back.
  func giveBack(_ bytes: Int) { held.wrappingSubtract(bytes, ordering: .relaxed) }
}

/// A wish that is made once.
final class ReadyFlag: Sendable {
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .acquiring) }

  func set() { flag.store(true, ordering: .releasing) }
}

/// The open connections of a listener.
final class ConnectionList: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  /// The open connections.
  var count: Int { channels.withLock { $0.count } }

  /// Keeps `channel` until it closes; false if there are `limit` already.
  func add(_ channel: any Channel, limit: Int) -> Bool {
    let isAdded = channels.withLock { channels in
      guard channels.count < limit else { return false }
      channels[ObjectIdentifier(channel)] = channel
      return true
    }
    guard isAdded else { return false }
    channel.closeFuture.whenComplete { _ in
      self.channels.withLock { $0[ObjectIdentifier(channel)] = nil }
    }
    return true
  }

  /// Tells every connection to close once its request is answered.
  func quiesce() {
    for channel in channels.withLock({ Array($0.values) }) {
      channel.pipeline.fireUserInboundEventTriggered(HTTPRequestHandler.Quiesce())
    }
  }

  /// Closes every connection.
  func closeAll() {
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
