import Kernels

/// A dense parameter in memory: contiguous weights, each slot in an array of its own.
struct DenseTensor: Sendable {
  /// The weights.
  let weights: MemoryView<Float>
  /// The optimizer's slots, each as long as the weights.
  let slots: [MemoryView<Float>]
  /// The optimizer's scalars.
  let scalars: MemoryView<Float>

  private let memory: FloatMemory

  init(_ spec: ParameterSpec) throws(StoreError) {
    let rule = spec.optimizer.rule.rule
    let count = spec.count
    memory = try FloatMemory(count: count * (1 + rule.slots.count) + rule.scalars.count, for: spec)
    let view = memory.view
    weights = view[0..<count]
    slots = rule.slots.indices.map { view[(1 + $0) * count..<(2 + $0) * count] }
    scalars = view[count * (1 + rule.slots.count)..<view.count]
    spec.initialValues.fill(weights, from: 0)
    for (slot, view) in zip(rule.slots, slots) where slot.initialValue != 0 { view.fill(slot.initialValue) }
    for (index, scalar) in rule.scalars.enumerated() { scalars[index] = scalar.initialValue }
  }
}
