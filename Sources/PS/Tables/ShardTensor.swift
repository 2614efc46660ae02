import Kernels
import Parameters
import Wire

/// The parts of a dense tensor that a shard has: runs of neighbouring blocks, which lie one behind the other.
struct ShardTensor: Sendable {
  /// The runs' elements in the tensor, ascending.
  let runs: [Range<Int>]
  /// Weights, slots and scalars as optimizers update them.
  let memory: DenseMemory

  /// Where each run begins in ``memory``.
  private let starts: [Int]
  private let storage: AlignedMemory
  /// Memory for a copy, while a snapshot is being written.
  private var copy: AlignedMemory?
  private var isCopied = false
  /// The first float that was not given to the snapshot yet, or has not come from one.
  private var next = 0

  /// The parts `runs` of the tensor `spec` with their initial values, or nil if the system has no memory for them.
  init?(_ spec: ParameterSpec, runs: [Range<Int>]) {
    let rule = spec.optimizer.rule.base
    var count = 0
    var starts: [Int] = []
    for run in runs {
      starts.append(count)
      count += run.count
    }
    let stride = Self.stride(of: count)
    guard let storage = AlignedMemory(ifAvailable: Self.byteCount(of: spec, runs: runs)) else { return nil }
    func array(_ index: Int, count: Int) -> MemoryView<Float> {
      storage.view(of: Float.self, at: index * stride * MemoryLayout<Float>.stride, count: count)
    }
    memory = DenseMemory(
      weights: array(0, count: count), slots: rule.slots.indices.map { array(1 + $0, count: count) },
      scalars: array(1 + rule.slots.count, count: rule.scalars.count))
    self.runs = runs
    self.starts = starts
    self.storage = storage
    if !spec.initialValues.areZero {
      for (run, start) in zip(runs, starts) {
        spec.initialValues.fill(memory.weights[start..<start + run.count], from: run.lowerBound)
      }
    }
    for (slot, view) in zip(rule.slots, memory.slots) where slot.initialValue != 0 { view.fill(slot.initialValue) }
    for (index, scalar) in rule.scalars.enumerated() { memory.scalars[index] = scalar.initialValue }
  }

  /// The bytes that the parts `runs` of the tensor `spec` take.
  static func byteCount(of spec: ParameterSpec, runs: [Range<Int>]) -> Int {
    let rule = spec.optimizer.rule.base
    let stride = stride(of: runs.reduce(0) { $0 + $1.count })
    return (stride * (1 + rule.slots.count) + rule.scalars.count) * MemoryLayout<Float>.stride
  }

  /// Every array begins a cache line.
  private static func stride(of count: Int) -> Int { (count + 15) & ~15 }

  /// Where in ``memory`` the tensor's elements `range` begin, or nil if the shard does not have all of them.
  func start(of range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return 0 }
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    guard low < runs.count, runs[low].lowerBound <= range.lowerBound, range.upperBound <= runs[low].upperBound else {
      return nil
    }
    return starts[low] + range.lowerBound - runs[low].lowerBound
  }
}

extension ShardTensor {
  /// The bytes of the tensor.
  var byteCount: Int { storage.byteCount }

  private func floats(of memory: AlignedMemory) -> MemoryView<Float> {
    memory.view(of: Float.self, count: memory.byteCount / MemoryLayout<Float>.stride)
  }

  /// Keeps the tensor as it is now for a snapshot, until ``endCapture()``.
  ///
  /// - Returns: False if the system has no memory for that.
  mutating func beginCapture() -> Bool {
    copy = AlignedMemory(ifAvailable: storage.byteCount)
    (isCopied, next) = (false, 0)
    return copy != nil
  }

  /// Keeps nothing more.
  mutating func endCapture() { copy = nil }

  /// Whether the tensor must be copied before it changes.
  var needsCopy: Bool { copy != nil && !isCopied && next < floats(of: storage).count }

  /// Copies what a snapshot still needs.
  mutating func preserve() {
    guard let copy else { return }
    floats(of: copy).copy(from: floats(of: storage))
    isCopied = true
  }

  /// Appends the next floats of those that are kept, of about `byteCount` bytes: u64 first, u64 count, floats. They are
  /// the weights and each slot, filled up to a multiple of 16, then the scalars.
  ///
  /// - Returns: False if there are no more.
  mutating func writeCaptured(byteCount: Int, to writer: inout MessageWriter) -> Bool {
    guard let copy else { return false }
    let source = floats(of: isCopied ? copy : storage)
    let count = min(source.count - next, max(1, byteCount / MemoryLayout<Float>.stride))
    guard count > 0 else { return false }
    writer.integer(UInt64(next))
    writer.integer(UInt64(count))
    writer.array(source[next..<next + count])
    next += count
    return true
  }

  /// Takes the floats that ``writeCaptured(byteCount:to:)`` wrote, behind those that were taken before.
  mutating func restore(from reader: inout MessageReader) throws(Refusal) {
    let (first, count) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
    let target = floats(of: storage)
    guard first == UInt64(next), count <= UInt64(target.count - next) else {
      throw Refusal(.malformed, "floats \(first) and \(count) more of a tensor that has \(next) of \(target.count)")
    }
    let end = next + Int(count)
    try reader.array(of: Float.self, count: Int(count)).copy(to: target[next..<end])
    next = end
  }

  /// Whether all floats were taken from a snapshot.
  var isRestored: Bool { next == floats(of: storage).count }
}
