/// A run of scalars that somebody else owns: an address and a count.
///
/// Kernels read and write through it. It is how an arena, a table of rows or an array lends memory without
/// copying and without reference counting.
///
/// - Complexity: Making, copying and slicing are O(1) and allocate nothing.
@safe public struct MemoryView<Scalar: BitwiseCopyable>: @unchecked Sendable {
  // Safety: whoever makes a view keeps its memory alive and initialised while the view is used (the executor's
  // arena, a store's tables, `withMemoryView`), and hands out overlapping views only for reading or to kernels
  // that load an element before they store it. Slices are checked against `count`.

  /// The first scalar.
  @usableFromInline package let base: UnsafeMutablePointer<Scalar>

  /// The number of scalars.
  public let count: Int

  /// Lends `count` scalars from `base` on.
  @unsafe @inlinable public init(base: UnsafeMutablePointer<Scalar>, count: Int) {
    precondition(count >= 0, "a view of \(count) scalars")
    unsafe self.base = base
    self.count = count
  }

  /// A view of nothing.
  public static var empty: MemoryView {
    // Safety: nothing is ever read from the address.
    unsafe MemoryView(base: UnsafeMutablePointer(bitPattern: MemoryLayout<Scalar>.alignment)!, count: 0)
  }

  /// The scalar at `index`.
  @inlinable public subscript(index: Int) -> Scalar {
    get {
      precondition(index >= 0 && index < count, "index \(index) of \(count)")
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "index \(index) of \(count)")
      unsafe base[index] = newValue
    }
  }

  /// The scalars in `range`.
  @inlinable public subscript(range: Range<Int>) -> MemoryView {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    return unsafe MemoryView(base: base + range.lowerBound, count: range.count)
  }

  /// The `count` scalars from `start` on.
  ///
  /// The same as the subscript with fewer checks: for short pieces of which a loop takes many.
  @inline(always) @inlinable package func slice(at start: Int, count: Int) -> MemoryView {
    precondition(
      start >= 0 && count >= 0 && start <= self.count &- count, "\(count) scalars at \(start) of \(self.count)")
    return unsafe MemoryView(base: base + start, count: count)
  }

  /// Sets every scalar to `value`.
  @inlinable public func fill(_ value: Scalar) {
    unsafe base.update(repeating: value, count: count)
  }

  /// Copies all of `source`, which has as many scalars and does not overlap.
  @inlinable public func copy(from source: MemoryView) {
    precondition(source.count == count, "copying \(source.count) scalars to \(count)")
    unsafe base.update(from: source.base, count: count)
  }

  /// Whether the views have memory in common.
  package func overlaps(_ other: MemoryView) -> Bool {
    // Safety: addresses are compared, nothing is read.
    unsafe base < other.base + other.count && other.base < base + count
  }

  /// A copy of the scalars.
  public var array: [Scalar] {
    unsafe Array(UnsafeBufferPointer(start: base, count: count))
  }
}

extension Array where Element: BitwiseCopyable {
  /// Lends the elements, only to be read, for the duration of `body`; what is shared with other arrays is not copied.
  @inlinable public func withReadOnlyView<Result, Failure: Error>(
    _ body: (MemoryView<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var outcome: Swift.Result<Result, Failure>?
    unsafe withUnsafeBufferPointer { buffer in
      // Safety: the elements live while `body` runs, which does not write.
      let view = unsafe buffer.baseAddress.map { base in
        unsafe MemoryView(base: UnsafeMutablePointer(mutating: base), count: buffer.count)
      }
      do throws(Failure) { outcome = .success(try body(view ?? .empty)) } catch { outcome = .failure(error) }
    }
    return try outcome!.get()
  }

  /// Lends the elements for the duration of `body`.
  @inlinable public mutating func withMemoryView<Result, Failure: Error>(
    _ body: (MemoryView<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    reserveCapacity(1)
    var outcome: Swift.Result<Result, Failure>?
    unsafe withUnsafeMutableBufferPointer { buffer in
      let view = unsafe MemoryView(base: buffer.baseAddress!, count: buffer.count)
      do throws(Failure) { outcome = .success(try body(view)) } catch { outcome = .failure(error) }
    }
    return try outcome!.get()
  }
}
