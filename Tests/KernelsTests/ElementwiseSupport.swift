import Kernels

/// Runs `body` on `a` and a result of `count` scalars that start as `initial`.
func computed<A: BitwiseCopyable, C: BitwiseCopyable, Failure: Error>(
  _ a: [A], _ count: Int, _ initial: C, _ body: (MemoryView<A>, MemoryView<C>) throws(Failure) -> Void
) throws(Failure) -> [C] {
  var (a, c) = (a, [C](repeating: initial, count: count))
  try a.withMemoryView { a throws(Failure) in try c.withMemoryView { c throws(Failure) in try body(a, c) } }
  return c
}

/// Runs `body` on `a`, `b` and a result of `count` scalars that start as `initial`.
func computed<A: BitwiseCopyable, B: BitwiseCopyable, C: BitwiseCopyable, Failure: Error>(
  _ a: [A], _ b: [B], _ count: Int, _ initial: C,
  _ body: (MemoryView<A>, MemoryView<B>, MemoryView<C>) throws(Failure) -> Void
) throws(Failure) -> [C] {
  var b = b
  return try computed(a, count, initial) { a, c throws(Failure) in
    try b.withMemoryView { b throws(Failure) in try body(a, b, c) }
  }
}

extension SplitMix64 {
  /// `count` floats in `range`.
  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -3...3) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// `count` integers in `range`.
  mutating func integers<Integer: FixedWidthInteger>(_ count: Int, in range: ClosedRange<Integer>) -> [Integer] {
    (0..<count).map { _ in Integer.random(in: range, using: &self) }
  }

  /// A shape of up to `rank` axes of extents up to `extent`.
  mutating func shape(rank: Int, extent: Int) -> [Int] {
    (0..<Int.random(in: 0...rank, using: &self)).map { _ in Int.random(in: 1...extent, using: &self) }
  }

  /// A shape that broadcasts to `shape`: some extents become 1, some of the outermost are left out.
  mutating func operand(of shape: [Int]) -> [Int] {
    let kept = shape.dropFirst(Int.random(in: 0...shape.count, using: &self))
    return kept.map { Bool.random(using: &self) ? $0 : 1 }
  }
}

/// Where the element at `position` of an array of shape `shape` lies in an operand that is broadcast to it.
func broadcastPosition(_ position: Int, of shape: [Int], in operand: [Int]) -> Int {
  var (rest, stride, place) = (position, 1, 0)
  for distance in 0..<shape.count {
    let index = rest % shape[shape.count - 1 - distance]
    rest /= shape[shape.count - 1 - distance]
    guard distance < operand.count else { continue }
    let extent = operand[operand.count - 1 - distance]
    place += (extent == 1 ? 0 : index) * stride
    stride *= extent
  }
  return place
}

/// Whether `a` is `b` within `relative` of `b` plus `absolute`, or both are the same infinity or NaN.
func isClose(_ a: Double, _ b: Double, relative: Double = 1e-6, absolute: Double = 0) -> Bool {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
  return a == b || b.isFinite && (a - b).magnitude <= relative * b.magnitude + absolute
}

/// Sizes around those of vectors.
let oddSizes = [0, 1, 2, 7, 15, 16, 17, 31, 33, 64, 100, 1000]
