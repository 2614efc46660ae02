internal import CIntrinsics

/// Numbers too small for the normal form of a float, which processors compute a hundred times slower.
public enum Denormals {
  /// Runs `body` with this thread treating such numbers as zero, as TensorFlow's kernels do.
  ///
  /// Decaying averages end there, and the tails of a softmax: without it the state of a table that no batch touches
  /// gets slow, and so do products with the probabilities of classes that are as good as impossible.
  public static func flushed<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let before = onlearn_flush_denormals()
    defer { onlearn_restore_denormals(before) }
    return try body()
  }

  /// Lets this thread treat such numbers as zero from now on.
  static func flush() { _ = onlearn_flush_denormals() }
}
