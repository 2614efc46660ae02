import CIntrinsics

/// Cores on which threads may run.
public struct CoreSet: Hashable, Sendable {
  /// A bit for each core; none if the system does not say.
  private var words = [UInt](repeating: 0, count: ONLEARN_CORE_WORDS)

  /// Those that the calling thread may use.
  public static var ofThread: CoreSet {
    var set = CoreSet()
    // Safety: there are as many words as the function fills, with zeros if the system does not say.
    _ = unsafe set.words.withUnsafeMutableBufferPointer { unsafe onlearn_get_cores($0.baseAddress!) }
    return set
  }

  /// Each core alone, in ascending order.
  public var singles: [CoreSet] {
    words.indices.flatMap { word in
      (0..<UInt.bitWidth).filter { words[word] >> $0 & 1 == 1 }.map { bit in
        var single = CoreSet()
        single.words[word] = 1 << bit
        return single
      }
    }
  }

  /// Lets the calling thread, and threads that it makes, use these cores and no others, if the system does.
  public func use() {
    // Safety: there are as many words as the function reads.
    _ = unsafe words.withUnsafeBufferPointer { unsafe onlearn_set_cores($0.baseAddress!) }
  }
}
