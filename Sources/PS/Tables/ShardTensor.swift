import Kernels
import Parameters

/// The parts of a dense tensor that a shard has: runs of neighbouring blocks, which lie one behind the other.
struct ShardTensor: Sendable {
  /// The runs' elements in the tensor, ascending.
  let runs: [Range<Int>]
  /// Weights, slots and scalars as optimizers update them.
  let memory: DenseMemory

  /// Where each run begins in ``memory``.
  private let starts: [Int]
  private let storage: AlignedMemory

  /// The parts `runs` of the tensor `spec` with their initial values, or nil if the system has no memory for them.
  init?(_ spec: ParameterSpec, runs: [Range<Int>]) {
    let rule = spec.optimizer.rule.base
    var count = 0
    var starts: [Int] = []
    for run in runs {
      starts.append(count)
      count += run.count
    }
    // Every array begins a cache line.
    let stride = (count + 15) & ~15
    let floats = stride * (1 + rule.slots.count) + rule.scalars.count
    guard let storage = AlignedMemory(ifAvailable: floats * MemoryLayout<Float>.stride) else { return nil }
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
