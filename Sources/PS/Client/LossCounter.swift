import Synchronization

/// How many acknowledged updates servers have lost.
final class LossCounter: Sendable {
  private let total = Mutex<UInt64>(0)
  private let notice: @Sendable (String) -> Void

  init(notice: @escaping @Sendable (String) -> Void) { self.notice = notice }

  var count: UInt64 { total.withLock { $0 } }

  func add(_ updates: UInt64, lostBy server: String) {
    total.withLock { $0 += updates }
    notice("the parameter server \(server) lost \(updates) acknowledged updates with its power; training goes on")
  }
}
