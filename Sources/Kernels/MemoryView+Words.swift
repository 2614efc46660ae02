extension MemoryView {
  /// The same memory as words of another type of the same size, for kernels that only move scalars.
  @inline(always)
  func rebound<Word: BitwiseCopyable>(to word: Word.Type) -> MemoryView<Word> {
    precondition(MemoryLayout<Word>.stride == MemoryLayout<Scalar>.stride, "\(Scalar.self) is not \(Word.self)'s size")
    // Safety: same size and alignment; kernels store only bits they loaded from scalars of the same type.
    return unsafe MemoryView<Word>(base: UnsafeMutableRawPointer(base).assumingMemoryBound(to: Word.self), count: count)
  }

  /// The same view if its scalars are of type `Other`.
  @inline(always)
  func cast<Other: BitwiseCopyable>(to other: Other.Type) -> MemoryView<Other>? {
    Scalar.self == Other.self ? rebound(to: Other.self) : nil
  }
}
