/// Something that counts what the process takes from the heap.
public struct AllocationCounter: Sendable {
  /// Starts counting at zero.
  public var start: @Sendable () -> Void
  /// Stops, and tells how many blocks were taken; `nil` if that cannot be told.
  public var stop: @Sendable () -> Int?

  /// A counter that `start` and `stop` make.
  public init(start: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Int?) {
    self.start = start
    self.stop = stop
  }

  /// A counter that cannot tell.
  public static let none = AllocationCounter(start: {}, stop: { nil })
}
