import Kernels

/// The number by which a stream is called on the wire.
public enum SourceID {
  /// The number of the stream called `name`: the `StableHash` of its UTF-8, never 0.
  public static func of(_ name: String) -> UInt64 { max(1, StableHash.hash(name.utf8)) }
}
