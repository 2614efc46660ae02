/// A scalar that random kernels draw: `Float` and `Double`.
public protocol RandomScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// How many samples eight pairs of words make.
  static var samplesPerVector: Int { get }

  /// Writes the samples that eight pairs of words make, uniform in `0..<1`.
  @unsafe static func uniform(_ pairs: SIMD8<UInt64>, into output: UnsafeMutablePointer<Self>)
}

/// Arrays of random numbers that depend on nothing but key, stream and element.
///
/// Element `offset + i` of stream `stream` is the same number however the stream is split into calls: tiles and lanes
/// draw their part of what one call would have drawn.
public enum Random {
  /// Fills `output` with elements from `offset` on, uniform in `0..<1`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func uniform<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    let size = 2 * Scalar.samplesPerVector
    // Safety: `forEachGroup` gives room for a group's samples, here and below.
    unsafe forEachGroup(key, stream, offset, output, perGroup: size) { words, samples in
      unsafe Scalar.uniform(words.first, into: samples)
      unsafe Scalar.uniform(words.second, into: samples + size / 2)
    }
  }

  /// Fills `output` with elements from `offset` on of the normal distribution with mean 0 and deviation 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func normal<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    if let output = output.cast(to: Float.self) {
      unsafe forEachGroup(key, stream, offset, output, perGroup: 32) { words, samples in
        let (a, b) = BoxMuller.normals(words)
        unsafe VectorMemory.store(a, samples)
        unsafe VectorMemory.store(b, samples + 16)
      }
    } else {
      unsafe forEachGroup(key, stream, offset, output, perGroup: 32) { words, samples in
        for pair in 0..<16 {
          let (a, b) = BoxMuller.normals(words[pair])
          unsafe samples[pair] = Scalar(a)
          unsafe samples[pair + 16] = Scalar(b)
        }
      }
    }
  }

  /// Fills `output` with elements from `offset` on of the normal distribution, drawn again while not within two
  /// deviations of the mean.
  ///
  /// An element of ``normal(key:stream:offset:into:)`` that is within two deviations is taken as it is.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func truncatedNormal<Scalar: RandomScalar>(
    key: UInt64, stream: UInt64, offset: Int = 0, into output: MemoryView<Scalar>
  ) {
    normal(key: key, stream: stream, offset: offset, into: output)
    let generator = Philox4x32(key: key)
    for place in 0..<output.count where abs(output[place]) >= 2 {
      output[place] = Scalar(BoxMuller.truncated(generator, stream, element: UInt64(offset + place)))
    }
  }

  /// Calls `draw` for each group of words that has elements of `output`, with the place of the group's samples.
  @inline(always)
  private static func forEachGroup<Scalar: Numeric & BitwiseCopyable>(
    _ key: UInt64, _ stream: UInt64, _ offset: Int, _ output: MemoryView<Scalar>, perGroup size: Int,
    _ draw: (_ words: PhiloxGroup, _ samples: UnsafeMutablePointer<Scalar>) -> Void
  ) {
    precondition(offset >= 0, "an offset of \(offset)")
    let generator = Philox4x32(key: key)
    var (group, skipped) = offset.quotientAndRemainder(dividingBy: size)
    var place = 0
    while place < output.count {
      if skipped == 0 && output.count - place >= 4 * size {
        let (a, b, c, d) = generator.words(fourGroupsFrom: group, stream: stream)
        let target = unsafe output.base + place
        unsafe draw(a, target)
        unsafe draw(b, target + size)
        unsafe draw(c, target + 2 * size)
        unsafe draw(d, target + 3 * size)
        (group, place) = (group + 4, place + 4 * size)
        continue
      }
      let words = generator.words(group: group, stream: stream)
      let count = min(size - skipped, output.count - place)
      // Safety: a whole group fits into the output or goes to `partial`, which has room for any.
      if count == size {
        unsafe draw(words, output.base + place)
      } else {
        var partial = InlineArray<32, Scalar>(repeating: 0)
        var span = partial.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { samples in
          unsafe draw(words, samples.baseAddress!)
          unsafe (output.base + place).update(from: samples.baseAddress! + skipped, count: count)
        }
      }
      place += count
      (group, skipped) = (group + 1, 0)
    }
  }
}

extension Float: RandomScalar {
  public static var samplesPerVector: Int { 16 }

  @unsafe @inline(always)
  public static func uniform(_ pairs: SIMD8<UInt64>, into output: UnsafeMutablePointer<Float>) {
    // Safety: all vectors have 64 bytes. The bits are those of a number in 1..<2.
    let bits = unsafe (unsafeBitCast(pairs, to: SIMD16<UInt32>.self) &>> 9) | (1 as Float).bitPattern
    let samples = unsafe unsafeBitCast(bits, to: SIMD16<Float>.self) - 1
    unsafe UnsafeMutableRawPointer(output).storeBytes(of: samples, as: SIMD16<Float>.self)
  }
}

extension Double: RandomScalar {
  public static var samplesPerVector: Int { 8 }

  @unsafe @inline(always)
  public static func uniform(_ pairs: SIMD8<UInt64>, into output: UnsafeMutablePointer<Double>) {
    // Safety: all vectors have 64 bytes. The bits are those of a number in 1..<2.
    let samples = unsafe unsafeBitCast((pairs &>> 12) | (1 as Double).bitPattern, to: SIMD8<Double>.self) - 1
    unsafe UnsafeMutableRawPointer(output).storeBytes(of: samples, as: SIMD8<Double>.self)
  }
}
