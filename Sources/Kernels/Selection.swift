import CIntrinsics

/// Choosing between two arrays.
public enum Selection {
  /// `d = condition ? a : b`, all three broadcast to the shape of `d`.
  ///
  /// The result may be the memory of an operand that has its shape and size.
  ///
  /// - Parameters:
  ///   - a: Scalars of 1, 4 or 8 bytes.
  public static func select<Scalar: BitwiseCopyable>(
    _ condition: MemoryView<Bool>, _ conditionShape: Dimensions, _ a: MemoryView<Scalar>, _ aShape: Dimensions,
    _ b: MemoryView<Scalar>, _ bShape: Dimensions, into d: MemoryView<Scalar>, _ dShape: Dimensions
  ) {
    let broadcast = Broadcast(conditionShape, aShape, bShape, into: dShape)
    precondition(condition.count == conditionShape.count, "\(condition.count) scalars of shape \(conditionShape)")
    precondition(a.count == aShape.count, "\(a.count) scalars of shape \(aShape)")
    precondition(b.count == bShape.count, "\(b.count) scalars of shape \(bShape)")
    precondition(d.count == dShape.count, "\(d.count) scalars of shape \(dShape)")
    guard broadcast.count > 0 else { return }
    // Safety: the counts were checked; only bits are moved, as words of the scalar's size.
    let p = unsafe UnsafeRawPointer(condition.base).assumingMemoryBound(to: UInt8.self)
    let (x, y, z) = unsafe (UnsafeRawPointer(a.base), UnsafeRawPointer(b.base), UnsafeMutableRawPointer(d.base))
    switch MemoryLayout<Scalar>.size {
    case 1: unsafe run(broadcast, p, x, y, z, UInt8.self)
    case 4: unsafe run(broadcast, p, x, y, z, UInt32.self)
    case 8: unsafe run(broadcast, p, x, y, z, UInt64.self)
    default: preconditionFailure("scalars of \(MemoryLayout<Scalar>.size) bytes")
    }
  }

  @unsafe private static func run<Word: FixedWidthInteger & BitwiseCopyable>(
    _ broadcast: Broadcast, _ condition: UnsafePointer<UInt8>, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ d: UnsafeMutableRawPointer, _: Word.Type
  ) {
    let (a, b) = unsafe (a.assumingMemoryBound(to: Word.self), b.assumingMemoryBound(to: Word.self))
    let d = unsafe d.assumingMemoryBound(to: Word.self)
    var cursor = BroadcastCursor(broadcast)
    repeat {
      for row in 0..<broadcast.rows {
        let p = unsafe condition + (cursor.offsets[0] &+ row &* broadcast.strides[0][1])
        let x = unsafe a + (cursor.offsets[1] &+ row &* broadcast.strides[1][1])
        let y = unsafe b + (cursor.offsets[2] &+ row &* broadcast.strides[2][1])
        let z = unsafe d + (cursor.resultOffset &+ row &* broadcast.columns)
        unsafe selectRow(
          p, broadcast.strides[0][0], x, broadcast.strides[1][0], y, broadcast.strides[2][0], into: z,
          count: broadcast.columns)
      }
    } while cursor.advance()
  }

  @unsafe @inline(always) private static func selectRow<Word: FixedWidthInteger & BitwiseCopyable>(
    _ p: UnsafePointer<UInt8>, _ pStep: Int, _ x: UnsafePointer<Word>, _ xStep: Int, _ y: UnsafePointer<Word>,
    _ yStep: Int, into z: UnsafeMutablePointer<Word>, count: Int
  ) {
    if pStep == 0 {
      // One truth value for all of them; nothing moves where the operand that it chooses is the result already.
      let (chosen, step) = unsafe p[0] != 0 ? (x, xStep) : (y, yStep)
      if step == 0 {
        unsafe z.update(repeating: chosen[0], count: count)
      } else if unsafe chosen != UnsafePointer(z) {
        unsafe z.update(from: chosen, count: count)
      }
      return
    }
    var column = 0
    if MemoryLayout<Word>.size == MemoryLayout<Float>.size && pStep == 1 {
      let a = unsafe UnsafeRawPointer(x).assumingMemoryBound(to: Float.self)
      let b = unsafe UnsafeRawPointer(y).assumingMemoryBound(to: Float.self)
      let target = unsafe UnsafeMutableRawPointer(z).assumingMemoryBound(to: Float.self)
      let (allLeft, allRight) = unsafe (onlearn_splat(a[0]), onlearn_splat(b[0]))
      while column &+ VectorMemory.width <= count {
        let left = unsafe xStep == 1 ? onlearn_load(a + column) : allLeft
        let right = unsafe yStep == 1 ? onlearn_load(b + column) : allRight
        unsafe onlearn_store(onlearn_select(p + column, left, right), target + column)
        column &+= VectorMemory.width
      }
    }
    while column < count {
      // By bits, because a branch on data is often mispredicted.
      let mask = unsafe 0 &- Word(truncatingIfNeeded: p[column &* pStep])
      unsafe z[column] = (x[column &* xStep] & mask) | (y[column &* yStep] & ~mask)
      column &+= 1
    }
  }
}
