/// One visit to each element of two arrays at once, which step through memory in ways of their own.
///
/// Every kernel of ``Movement`` that copies is a walk: a transpose walks its source in another order, a slice starts
/// late and takes long steps, or steps backwards, a broadcast takes steps of length zero.
struct StridedWalk {
  private(set) var rank = 0
  private(set) var extents = InlineArray<16, Int>(repeating: 1)
  private(set) var sourceSteps = InlineArray<16, Int>(repeating: 0)
  private(set) var targetSteps = InlineArray<16, Int>(repeating: 0)
  private(set) var isEmpty = false

  /// Adds an axis inside those there are, merging it with the one before where both arrays allow.
  mutating func append(_ extent: Int, sourceStep: Int, targetStep: Int) {
    if extent == 0 { isEmpty = true }
    if extent <= 1 { return }
    let last = rank - 1
    if rank > 0, sourceSteps[last] == sourceStep * extent, targetSteps[last] == targetStep * extent {
      extents[last] *= extent
    } else {
      rank += 1
      extents[rank - 1] = extent
    }
    sourceSteps[rank - 1] = sourceStep
    targetSteps[rank - 1] = targetStep
  }

  /// The axis, not the innermost, along which the source is contiguous.
  private var contiguousSourceAxis: Int? {
    for axis in 0..<max(rank - 1, 0) where sourceSteps[axis] == 1 { return axis }
    return nil
  }

  /// Calls `body` with the offsets of each run along the axes from `inner` on.
  @inline(always)
  private func forEachRun(inner: Int, _ body: (_ source: Int, _ target: Int) -> Void) {
    if isEmpty { return }
    guard inner > 0 else { return body(0, 0) }
    let (count, sourceStep, targetStep) = (extents[inner - 1], sourceSteps[inner - 1], targetSteps[inner - 1])
    var place = InlineArray<16, Int>(repeating: 0)
    var (outerSource, outerTarget) = (0, 0)
    while true {
      var (source, target) = (outerSource, outerTarget)
      for _ in 0..<count {
        body(source, target)
        source &+= sourceStep
        target &+= targetStep
      }
      var axis = inner - 2
      while axis >= 0 {
        place[axis] += 1
        outerSource += sourceSteps[axis]
        outerTarget += targetSteps[axis]
        if place[axis] < extents[axis] { break }
        outerSource -= place[axis] * sourceSteps[axis]
        outerTarget -= place[axis] * targetSteps[axis]
        place[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// Copies from `source` to `target`, the places where the walk starts.
  @unsafe @inline(always)
  func copy<Word: BitwiseCopyable>(from source: UnsafePointer<Word>, to target: UnsafeMutablePointer<Word>) {
    guard !isEmpty else { return }
    guard rank > 0 else { return unsafe target.pointee = source.pointee }
    let last = rank - 1
    let (count, sourceStep, targetStep) = (extents[last], sourceSteps[last], targetSteps[last])
    if sourceStep == 1 && targetStep == 1 {
      forEachRun(inner: last) { from, to in
        unsafe Self.copyRun(source + from, target + to, count)
      }
    } else if sourceStep == 0 && targetStep == 1 {
      forEachRun(inner: last) { from, to in
        unsafe (target + to).update(repeating: source[from], count: count)
      }
    } else if targetStep == 1, let across = contiguousSourceAxis {
      var outer = self
      let (height, heightStep) = (extents[across], targetSteps[across])
      outer.remove(across)
      outer.forEachRun(inner: outer.rank - 1) { from, to in
        unsafe Self.transposeBlock(
          source + from, step: sourceStep, target + to, step: heightStep, rows: height, columns: count)
      }
    } else {
      forEachRun(inner: last) { from, to in
        var (from, to) = (from, to)
        for _ in 0..<count {
          unsafe target[to] = source[from]
          from += sourceStep
          to += targetStep
        }
      }
    }
  }

  /// Adds to `target` from `source`, the places where the walk starts.
  @unsafe @inline(always)
  func add<Scalar: SummableScalar>(from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>) {
    guard !isEmpty else { return }
    guard rank > 0 else { return unsafe target.pointee = Scalar.sum(target.pointee, source.pointee) }
    let last = rank - 1
    let (count, sourceStep, targetStep) = (extents[last], sourceSteps[last], targetSteps[last])
    if sourceStep == 1 && targetStep == 1 {
      forEachRun(inner: last) { from, to in
        unsafe Scalar.add(source + from, to: target + to, count: count)
      }
    } else {
      forEachRun(inner: last) { from, to in
        var (from, to) = (from, to)
        for _ in 0..<count {
          unsafe target[to] = Scalar.sum(target[to], source[from])
          from += sourceStep
          to += targetStep
        }
      }
    }
  }

  private mutating func remove(_ axis: Int) {
    for next in axis..<(rank - 1) {
      extents[next] = extents[next + 1]
      sourceSteps[next] = sourceSteps[next + 1]
      targetSteps[next] = targetSteps[next + 1]
    }
    rank -= 1
  }

  /// Copies `count` neighbouring words; short runs without a call.
  @unsafe @inline(always)
  static func copyRun<Word: BitwiseCopyable>(
    _ source: UnsafePointer<Word>, _ target: UnsafeMutablePointer<Word>, _ count: Int
  ) {
    let byteCount = count * MemoryLayout<Word>.stride
    guard byteCount <= 256 else { return unsafe target.update(from: source, count: count) }
    let (from, to) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    var place = 0
    while place + 64 <= byteCount {
      unsafe to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: place, as: SIMD16<UInt32>.self), toByteOffset: place,
        as: SIMD16<UInt32>.self)
      place += 64
    }
    while place + 16 <= byteCount {
      unsafe to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: place, as: SIMD4<UInt32>.self), toByteOffset: place,
        as: SIMD4<UInt32>.self)
      place += 16
    }
    var index = place / MemoryLayout<Word>.stride
    while index < count {
      unsafe target[index] = source[index]
      index += 1
    }
  }

  /// Writes `rows` rows of `columns` words, of which a column is contiguous in the source.
  ///
  /// In blocks, so that a cache line of either side is used up while it is near.
  @unsafe @inline(always)
  private static func transposeBlock<Word: BitwiseCopyable>(
    _ source: UnsafePointer<Word>, step sourceStep: Int, _ target: UnsafeMutablePointer<Word>, step targetStep: Int,
    rows: Int, columns: Int
  ) {
    let size = TransposeTile.size
    let isTiled = Word.self == UInt32.self && rows >= size && columns >= size
    for top in stride(from: 0, to: rows, by: size) {
      for left in stride(from: 0, to: columns, by: size) {
        if isTiled {
          // The last tiles overlap those before them rather than be smaller.
          let (row, column) = (min(top, rows - size), min(left, columns - size))
          // Safety: `Word` is `UInt32`.
          unsafe TransposeTile.move(
            UnsafeRawPointer(source + column * sourceStep + row).assumingMemoryBound(to: UInt32.self), step: sourceStep,
            UnsafeMutableRawPointer(target + row * targetStep + column).assumingMemoryBound(to: UInt32.self),
            step: targetStep)
        } else {
          for row in top..<min(top + size, rows) {
            for column in left..<min(left + size, columns) {
              unsafe target[row * targetStep + column] = source[column * sourceStep + row]
            }
          }
        }
      }
    }
  }
}
