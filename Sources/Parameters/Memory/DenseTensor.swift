import Kernels

/// A dense parameter in memory: contiguous weights, each slot in an array of its own.
struct DenseTensor: Sendable {
  /// The weights.
  let weights: MemoryView<Float>
  /// The optimizer's slots, each as long as the weights.
  let slots: [MemoryView<Float>]
  /// The optimizer's scalars.
  let scalars: MemoryView<Float>

  private let memory: AlignedMemory

  init(_ spec: ParameterSpec) throws(StoreError) {
    let rule = spec.optimizer.rule.base
    let count = spec.count
    // Every array begins a cache line.
    let stride = (count + 15) & ~15
    let floats = stride * (1 + rule.slots.count) + rule.scalars.count
    let memory = try AlignedMemory.make(floats: floats, hugePages: true, for: spec)
    self.memory = memory
    weights = memory.floats(at: 0, count: count)
    slots = rule.slots.indices.map { memory.floats(at: (1 + $0) * stride, count: count) }
    scalars = memory.floats(at: stride * (1 + rule.slots.count), count: rule.scalars.count)
    if !spec.initialValues.areZero { spec.initialValues.fill(weights, from: 0) }
    for (slot, view) in zip(rule.slots, slots) where slot.initialValue != 0 { view.fill(slot.initialValue) }
    for (index, scalar) in rule.scalars.enumerated() { scalars[index] = scalar.initialValue }
  }
}

extension AlignedMemory {
  /// Zeroed memory for `floats` floats of `spec`.
  static func make(floats: Int, hugePages: Bool, for spec: ParameterSpec) throws(StoreError) -> AlignedMemory {
    let byteCount = floats * MemoryLayout<Float>.stride
    guard let memory = AlignedMemory(ifAvailable: byteCount, hugePages: hugePages) else {
      throw .outOfMemory(parameter: spec.name, byteCount: byteCount)
    }
    return memory
  }

  /// The floats from `index` on.
  func floats(at index: Int, count: Int) -> MemoryView<Float> {
    view(of: Float.self, at: index * MemoryLayout<Float>.stride, count: count)
  }
}
