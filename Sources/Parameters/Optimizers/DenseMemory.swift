package import Kernels

/// The memory of a dense parameter, or of a part of it, as optimizers update it.
package struct DenseMemory: Sendable {
  /// The weights.
  package let weights: MemoryView<Float>
  /// The optimizer's slots, each as long as the weights.
  package let slots: [MemoryView<Float>]
  /// The optimizer's scalars.
  package let scalars: MemoryView<Float>

  /// Lends the memory of a parameter.
  package init(weights: MemoryView<Float>, slots: [MemoryView<Float>], scalars: MemoryView<Float>) {
    self.weights = weights
    self.slots = slots
    self.scalars = scalars
  }

  /// The slots' elements in `range`.
  func slots(in range: Range<Int>) -> SlotViews {
    let weights = weights[range]
    return SlotViews(
      slot0: slots.count > 0 ? slots[0][range] : weights, slot1: slots.count > 1 ? slots[1][range] : weights,
      slot2: slots.count > 2 ? slots[2][range] : weights)
  }
}

/// The gradient of a run of a dense parameter.
package struct DenseRun: Sendable {
  /// Where the run begins.
  package let start: Int
  /// ∂L/∂w from there on.
  package let gradient: MemoryView<Float>

  /// The gradient of the elements from `start` on.
  package init(start: Int, gradient: MemoryView<Float>) {
    self.start = start
    self.gradient = gradient
  }
}
