/// A scalar that random kernels draw: `Float` and `Double`.
public protocol RandomScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// How many samples the 128 bits of one block hold.
  static var samplesPerBlock: Int { get }

  /// Sample `index` of a block, uniform in `0..<1`.
  static func uniform(_ words: SIMD4<UInt32>, _ index: Int) -> Self
}

/// Arrays of random numbers that depend on nothing but key, stream and element.
///
/// Element `offset + i` of stream `stream` is the same number however the stream is split into calls: tiles and lanes
/// draw their part of what one call would have drawn.
public enum Random {
  /// Fills `output` with elements from `offset` on, uniform in `0..<1`.
  public static func uniform<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    let generator = Philox4x32(key: key)
    forEachBlock(offset, output.count, perBlock: Scalar.samplesPerBlock) { block, samples, place in
      let words = generator.words(block: block, stream: stream)
      for sample in samples { output[place + sample - samples.lowerBound] = Scalar.uniform(words, sample) }
    }
  }

  /// Fills `output` with elements from `offset` on of the normal distribution with mean 0 and deviation 1.
  public static func normal<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    let generator = Philox4x32(key: key)
    forEachBlock(offset, output.count, perBlock: 4) { block, samples, place in
      let words = generator.words(block: block, stream: stream)
      for sample in samples { output[place + sample - samples.lowerBound] = Scalar(BoxMuller.normal(words, sample)) }
    }
  }

  /// Fills `output` with elements from `offset` on of the normal distribution, drawn again while not within two
  /// deviations of the mean.
  public static func truncatedNormal<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    let generator = Philox4x32(key: key)
    for place in 0..<output.count {
      output[place] = Scalar(truncated(generator, stream, UInt64(offset + place)))
    }
  }

  /// Fills `output` with elements from `offset` on, each of `low..<high` equally likely.
  public static func uniformInt<Integer: FixedWidthInteger & BitwiseCopyable>(
    key: UInt64, stream: UInt64, offset: Int = 0, low: Integer, high: Integer, into output: MemoryView<Integer>
  ) {
    precondition(low < high, "a range from \(low) to \(high)")
    let generator = Philox4x32(key: key)
    let width = UInt64(truncatingIfNeeded: high &- low) & (UInt64.max >> UInt64(64 - Integer.bitWidth))
    forEachBlock(offset, output.count, perBlock: 2) { block, samples, place in
      let words = generator.words(block: block, stream: stream)
      for sample in samples {
        let bits = UInt64(words[2 * sample]) | UInt64(words[2 * sample + 1]) << 32
        output[place + sample - samples.lowerBound] =
          low &+ Integer(truncatingIfNeeded: bits.multipliedFullWidth(by: width).high)
      }
    }
  }

  /// Calls `body` for each block that has elements of `offset..<offset + count`, with the samples of it and the place
  /// of the first.
  @inline(always)
  private static func forEachBlock(
    _ offset: Int, _ count: Int, perBlock: Int, _ body: (_ block: UInt64, _ samples: Range<Int>, _ place: Int) -> Void
  ) {
    precondition(offset >= 0, "an offset of \(offset)")
    var place = 0
    while place < count {
      let (block, first) = (offset + place).quotientAndRemainder(dividingBy: perBlock)
      let end = min(perBlock, first + count - place)
      body(UInt64(block), first..<end, place)
      place += end - first
    }
  }

  /// The first sample of element `index` within two deviations: those of ``normal``, then four per attempt from blocks
  /// of the element's own.
  private static func truncated(_ generator: Philox4x32, _ stream: UInt64, _ index: UInt64) -> Double {
    let first = BoxMuller.normal(generator.words(block: index / 4, stream: stream), Int(index % 4))
    if abs(first) < 2 { return first }
    var attempt: UInt64 = 1
    while true {
      let words = generator.words(block: attempt << 48 | index, stream: stream)
      for sample in 0..<4 {
        let value = BoxMuller.normal(words, sample)
        if abs(value) < 2 { return value }
      }
      attempt += 1
    }
  }
}

extension Float: RandomScalar {
  public static var samplesPerBlock: Int { 4 }

  @inline(always)
  public static func uniform(_ words: SIMD4<UInt32>, _ index: Int) -> Float { Float(words[index] >> 8) * 0x1p-24 }
}

extension Double: RandomScalar {
  public static var samplesPerBlock: Int { 2 }

  @inline(always)
  public static func uniform(_ words: SIMD4<UInt32>, _ index: Int) -> Double {
    let bits = UInt64(words[2 * index]) | UInt64(words[2 * index + 1]) << 32
    return Double(bits >> 11) * 0x1p-53
  }
}
