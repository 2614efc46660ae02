/// What the protocol has learned since its first version: a connection uses what both ends know.
public struct Features: OptionSet, Hashable, Sendable {
  public let rawValue: UInt64

  /// The features with these bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Payloads may have their checksums behind them: ``FrameFlags/checksumFollows``.
  public static let trailingChecksums = Features(rawValue: 1 << 0)

  /// All features that this build knows.
  public static let known: Features = [.trailingChecksums]
}
