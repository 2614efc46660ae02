import CIntrinsics

/// Products of a matrix with a vector, and with a matrix of less than a vector's width.
///
/// Addresses and strides as BLAS has them; callers checked that every row lies in memory they own.
enum NarrowProduct {
  /// Whether the build is for a processor with fused multiply-add; without, BLAS's own choice at run time is faster.
  static var isVectorised: Bool { ONLEARN_HAS_FMA != 0 }

  /// `y += A x` for `rows` rows of `columns` floats and packed `x`; the elements of `y` are `yStep` apart.
  ///
  /// Eight rows at a time share each load of `x`. A row is summed alike wherever it stands.
  @unsafe static func rowsTimesVector(
    _ a: UnsafePointer<Float>, rowStride: Int, rows: Int, columns: Int,
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStep: Int
  ) {
    // Safety: loads stay within the rows and `x`, except that those of a short row may run into the next ones.
    let whole = columns & ~15
    let isShort = columns < 16
    // The last columns, less than a vector: as the last lanes of a whole one if there is one, otherwise as the first.
    let tail = isShort ? 0 : columns - 16
    let isTail = isShort ? VectorMemory.first(columns) : .!VectorMemory.first(16 - (columns - whole))
    let tailFactor = unsafe (isShort ? VectorMemory.load(x, first: columns) : VectorMemory.load(x + tail))
    let end = (rows - 1) * rowStride + columns
    for row in stride(from: 0, to: rows, by: 8) {
      // Rows that are not there repeat the last one and are not stored.
      let left = min(8, rows - row)
      let top = unsafe EightRows(a + row * rowStride, rowStride: rowStride, count: left)
      var sums = EightSums()
      for column in stride(from: 0, to: whole, by: 16) {
        let factor = unsafe VectorMemory.load(x + column)
        unsafe sums.add(top, column, factor) { unsafe VectorMemory.load($0) }
      }
      if whole < columns {
        if !isShort || (row + left - 1) * rowStride + 16 <= end {
          unsafe sums.add(top, tail, tailFactor) {
            unsafe FloatVector.zero.replacing(with: VectorMemory.load($0), where: isTail)
          }
        } else {
          unsafe sums.add(top, 0, tailFactor) { unsafe VectorMemory.load($0, first: columns) }
        }
      }
      let totals = sums.laneSums
      if yStep == 1 && left == 8 {
        let target = unsafe UnsafeMutableRawPointer(y + row)
        unsafe target.storeBytes(of: target.loadUnaligned(as: SIMD8<Float>.self) + totals, as: SIMD8<Float>.self)
      } else {
        for index in 0..<left { unsafe y[(row + index) * yStep] += totals[index] }
      }
    }
  }

  /// `y += Aᵀ x` for `rows` rows of `columns` floats and packed `y`; the elements of `x` are `xStep` apart.
  @unsafe static func vectorTimesRows(
    _ a: UnsafePointer<Float>, rowStride: Int, rows: Int, columns: Int,
    _ x: UnsafePointer<Float>, xStep: Int, _ y: UnsafeMutablePointer<Float>
  ) {
    // Safety: loads and stores stay within `columns` floats of a row and of `y`.
    let whole = columns & ~15
    for row in stride(from: 0, to: rows & ~3, by: 4) {
      let top = unsafe a + row * rowStride
      let (x0, x1) = unsafe (VectorMath.all(x[row * xStep]), VectorMath.all(x[(row + 1) * xStep]))
      let (x2, x3) = unsafe (VectorMath.all(x[(row + 2) * xStep]), VectorMath.all(x[(row + 3) * xStep]))
      for column in stride(from: 0, to: whole, by: 16) {
        var sums = unsafe VectorMemory.load(y + column)
        sums = unsafe VectorMath.multiplyAdd(VectorMemory.load(top + column), x0, sums)
        sums = unsafe VectorMath.multiplyAdd(VectorMemory.load(top + rowStride + column), x1, sums)
        sums = unsafe VectorMath.multiplyAdd(VectorMemory.load(top + 2 * rowStride + column), x2, sums)
        sums = unsafe VectorMath.multiplyAdd(VectorMemory.load(top + 3 * rowStride + column), x3, sums)
        unsafe VectorMemory.store(sums, y + column)
      }
    }
    for row in (rows & ~3)..<rows {
      let factor = unsafe VectorMath.all(x[row * xStep])
      for column in stride(from: 0, to: whole, by: 16) {
        let (old, element) = unsafe (VectorMemory.load(y + column), VectorMemory.load(a + row * rowStride + column))
        unsafe VectorMemory.store(VectorMath.multiplyAdd(element, factor, old), y + column)
      }
    }
    guard whole < columns else { return }
    // The columns that are left, all rows in turn: a load may run into the next rows, but not past the last one.
    let count = columns - whole
    let wholeRows = max(0, min(rows, ((rows - 1) * rowStride + count - 16) / rowStride + 1))
    var (even, odd) = unsafe (VectorMemory.load(y + whole, first: count), FloatVector.zero)
    for row in stride(from: 0, to: wholeRows & ~1, by: 2) {
      let address = unsafe a + row * rowStride + whole
      even = unsafe VectorMath.multiplyAdd(VectorMemory.load(address), VectorMath.all(x[row * xStep]), even)
      odd = unsafe VectorMath.multiplyAdd(
        VectorMemory.load(address + rowStride), VectorMath.all(x[(row + 1) * xStep]), odd)
    }
    for row in (wholeRows & ~1)..<rows {
      let element = unsafe VectorMemory.load(a + row * rowStride + whole, first: count)
      even = unsafe VectorMath.multiplyAdd(element, VectorMath.all(x[row * xStep]), even)
    }
    unsafe VectorMemory.store(even + odd, y + whole, first: count)
  }

  /// Whether ``narrow(_:aRow:aColumn:_:rowStride:_:rowStride:m:k:n:)`` beats BLAS at these sizes, as measured.
  static func isFaster(m: Int, k: Int, n: Int) -> Bool {
    ONLEARN_HAS_WIDE_REGISTERS != 0 && n >= 7 && n < 16 && k >= 256 && m >= 64
  }

  /// `C += A B` for `B` and `C` of `n < 16` columns; element `(i, j)` of `A` is at `i * aRow + j * aColumn`.
  ///
  /// A row of `C` is one register, and eight rows share each load of `B`. OpenBLAS leaves about half of the machine
  /// unused here: at 1024 × 500 × 10 this takes 0.15 ms and `sgemm` 0.22.
  @unsafe static func narrow(
    _ a: UnsafePointer<Float>, aRow: Int, aColumn: Int, _ b: UnsafePointer<Float>, rowStride bStride: Int,
    _ c: UnsafeMutablePointer<Float>, rowStride cStride: Int, m: Int, k: Int, n: Int
  ) {
    // Safety: a load of a row of `B` may run into the next rows, but not past the last one.
    let wholeRows = max(0, min(k, ((k - 1) * bStride + n - 16) / bStride + 1))
    for row in stride(from: 0, to: m, by: 8) {
      let left = min(8, m - row)
      let top = unsafe EightRows(a + row * aRow, rowStride: aRow, count: left)
      var sums = EightSums()
      for inner in 0..<k {
        let address = unsafe b + inner * bStride
        let factors = unsafe inner < wholeRows ? VectorMemory.load(address) : VectorMemory.load(address, first: n)
        unsafe sums.add(top, inner * aColumn, factors) { unsafe VectorMath.all($0.pointee) }
      }
      for index in 0..<left {
        let target = unsafe c + (row + index) * cStride
        unsafe VectorMemory.store(VectorMemory.load(target, first: n) + sums[index], target, first: n)
      }
    }
  }
}

/// The addresses of up to eight rows; those that are not there are the last one's.
@unsafe private struct EightRows {
  let (r0, r1, r2, r3): (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)
  let (r4, r5, r6, r7): (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)

  @inline(always)
  init(_ top: UnsafePointer<Float>, rowStride: Int, count: Int) {
    // Safety: an offset of `last` rows was checked by the caller; the others are smaller.
    let last = (count &- 1) &* rowStride
    unsafe (r0, r1) = (top, top + min(rowStride, last))
    unsafe (r2, r3) = (top + min(2 &* rowStride, last), top + min(3 &* rowStride, last))
    unsafe (r4, r5) = (top + min(4 &* rowStride, last), top + min(5 &* rowStride, last))
    unsafe (r6, r7) = (top + min(6 &* rowStride, last), top + min(7 &* rowStride, last))
  }
}

/// A vector of sums for each of eight rows, in registers.
private struct EightSums {
  private var (s0, s1, s2, s3) = (FloatVector.zero, FloatVector.zero, FloatVector.zero, FloatVector.zero)
  private var (s4, s5, s6, s7) = (FloatVector.zero, FloatVector.zero, FloatVector.zero, FloatVector.zero)

  /// Adds to each row's sum what `load` finds `place` floats into the row, times `factor`.
  @unsafe @inline(always)
  mutating func add(
    _ rows: EightRows, _ place: Int, _ factor: FloatVector, _ load: (UnsafePointer<Float>) -> FloatVector
  ) {
    s0 = unsafe VectorMath.multiplyAdd(load(rows.r0 + place), factor, s0)
    s1 = unsafe VectorMath.multiplyAdd(load(rows.r1 + place), factor, s1)
    s2 = unsafe VectorMath.multiplyAdd(load(rows.r2 + place), factor, s2)
    s3 = unsafe VectorMath.multiplyAdd(load(rows.r3 + place), factor, s3)
    s4 = unsafe VectorMath.multiplyAdd(load(rows.r4 + place), factor, s4)
    s5 = unsafe VectorMath.multiplyAdd(load(rows.r5 + place), factor, s5)
    s6 = unsafe VectorMath.multiplyAdd(load(rows.r6 + place), factor, s6)
    s7 = unsafe VectorMath.multiplyAdd(load(rows.r7 + place), factor, s7)
  }

  /// Row `index`'s sums.
  subscript(index: Int) -> FloatVector {
    switch index {
    case 0: s0
    case 1: s1
    case 2: s2
    case 3: s3
    case 4: s4
    case 5: s5
    case 6: s6
    default: s7
    }
  }

  /// The sum of each row's lanes: neighbours are added, of two vectors at a time, until one is left.
  @inline(always)
  var laneSums: SIMD8<Float> {
    let four = (Self.halved(s0, s1), Self.halved(s2, s3), Self.halved(s4, s5), Self.halved(s6, s7))
    let last = Self.halved(Self.halved(four.0, four.1), Self.halved(four.2, four.3))
    return last.evenHalf + last.oddHalf
  }

  @inline(always)
  private static func halved(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
    FloatVector(lowHalf: a.evenHalf, highHalf: b.evenHalf) + FloatVector(lowHalf: a.oddHalf, highHalf: b.oddHalf)
  }
}
