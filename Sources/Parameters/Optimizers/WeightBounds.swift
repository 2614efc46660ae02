/// Limits of a parameter's weights, kept after every update of them.
public struct WeightBounds: Hashable, Sendable {
  /// The smallest weight.
  public var lower = -Float.infinity
  /// The largest weight.
  public var upper = Float.infinity

  /// No limits.
  public init() {}
}
