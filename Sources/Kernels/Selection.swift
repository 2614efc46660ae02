import CIntrinsics

/// Choosing between two arrays.
public enum Selection {
  /// `d = condition ? a : b`, all three broadcast to the shape of `d`.
  ///
  /// The result may be the memory of `a` or `b` where they have its shape.
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
    var cursor = BroadcastCursor(broadcast)
    repeat {
      for row in 0..<broadcast.rows {
        // Safety: offsets and steps stay within the counts checked above.
        let p = unsafe condition.base + (cursor.offsets[0] &+ row &* broadcast.strides[0][1])
        let x = unsafe a.base + (cursor.offsets[1] &+ row &* broadcast.strides[1][1])
        let y = unsafe b.base + (cursor.offsets[2] &+ row &* broadcast.strides[2][1])
        let z = unsafe d.base + (cursor.resultOffset &+ row &* broadcast.columns)
        unsafe selectRow(
          p, broadcast.strides[0][0], x, broadcast.strides[1][0], y, broadcast.strides[2][0], into: z,
          count: broadcast.columns)
      }
    } while cursor.advance()
  }

  @unsafe @inline(always) private static func selectRow<Scalar: BitwiseCopyable>(
    _ p: UnsafePointer<Bool>, _ pStep: Int, _ x: UnsafePointer<Scalar>, _ xStep: Int, _ y: UnsafePointer<Scalar>,
    _ yStep: Int, into z: UnsafeMutablePointer<Scalar>, count: Int
  ) {
    if pStep == 1 && xStep == 1 && yStep == 1 {
      var column = 0
      if MemoryLayout<Scalar>.size == MemoryLayout<Float>.size {
        // Safety: only bits are moved, four bytes at a time.
        let (left, right) = unsafe (UnsafeRawPointer(x), UnsafeRawPointer(y))
        let target = unsafe UnsafeMutableRawPointer(z).assumingMemoryBound(to: Float.self)
        let (a, b) = unsafe (left.assumingMemoryBound(to: Float.self), right.assumingMemoryBound(to: Float.self))
        while column &+ VectorMemory.width <= count {
          let value = unsafe onlearn_select(p + column, onlearn_load(a + column), onlearn_load(b + column))
          unsafe onlearn_store(value, target + column)
          column &+= VectorMemory.width
        }
      }
      while column < count {
        // A choice of addresses, because a branch on data is often mispredicted.
        let source = unsafe p[column] ? x : y
        unsafe z[column] = source[column]
        column &+= 1
      }
    } else if pStep == 0 {
      let isLeft = unsafe p[0]
      let (source, step) = unsafe isLeft ? (x, xStep) : (y, yStep)
      for column in 0..<count { unsafe z[column] = source[column &* step] }
    } else {
      for column in 0..<count {
        let source = unsafe p[column] ? x + column &* xStep : y + column &* yStep
        unsafe z[column] = source[0]
      }
    }
  }
}
