import Synchronization

/// A wish to end soon, made by a signal or another thread and noticed by whatever waits for input.
public final class StopRequest: Sendable {
  private let flag = Atomic(false)

  /// Nobody has asked yet.
  public init() {}

  /// Asks to end; may be called from any thread, and again.
  public func request() { flag.store(true, ordering: .releasing) }

  /// True from the first request on.
  public var isRequested: Bool { flag.load(ordering: .acquiring) }
}
