import Kernels

/// Some weights and their optimizer state, as many of each as `Lanes` has lanes.
struct Elements<Lanes: FloatLanes> {
  /// The weights.
  var weight: Lanes
  /// The first slot's values; meaningless where the rule has no slot. The others alike.
  var slot0: Lanes
  var slot1: Lanes
  var slot2: Lanes
}

/// The arithmetic of one update with every constant worked out, element by element.
///
/// Dense parameters and rows run the same kernel. The order of operations is that of TensorFlow's kernels and no
/// product is fused with a sum, so that results agree to the last bits.
protocol UpdateKernel: Sendable {
  /// How many of the slots it reads and writes.
  static var slotCount: Int { get }

  /// Updates `elements` along `gradient`.
  func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes)
}

/// The memory of up to three slots; the unused ones lend the weights, which the kernel then leaves alone.
struct SlotViews {
  var slot0: MemoryView<Float>
  var slot1: MemoryView<Float>
  var slot2: MemoryView<Float>
}

extension UpdateKernel {
  /// Updates `weights` and `slots` along `gradient`, which is as long.
  @inline(always)
  func update(_ weights: MemoryView<Float>, _ slots: SlotViews, along gradient: MemoryView<Float>) {
    let count = weights.count
    precondition(gradient.count == count, "a gradient of \(gradient.count) for \(count) weights")
    var index = 0
    while index <= count - 16 {
      update(SIMD16<Float>.self, at: index, weights, slots, gradient)
      index += 16
    }
    if index <= count - 8 {
      update(SIMD8<Float>.self, at: index, weights, slots, gradient)
      index += 8
    }
    if index <= count - 4 {
      update(SIMD4<Float>.self, at: index, weights, slots, gradient)
      index += 4
    }
    while index < count {
      update(Float.self, at: index, weights, slots, gradient)
      index += 1
    }
  }

  @inline(always)
  private func update<Lanes: FloatLanes>(
    _: Lanes.Type, at index: Int, _ weights: MemoryView<Float>, _ slots: SlotViews, _ gradient: MemoryView<Float>
  ) {
    let weight = weights.load(Lanes.self, at: index)
    var elements = Elements(weight: weight, slot0: weight, slot1: weight, slot2: weight)
    if Self.slotCount > 0 { elements.slot0 = slots.slot0.load(Lanes.self, at: index) }
    if Self.slotCount > 1 { elements.slot1 = slots.slot1.load(Lanes.self, at: index) }
    if Self.slotCount > 2 { elements.slot2 = slots.slot2.load(Lanes.self, at: index) }
    update(&elements, along: gradient.load(Lanes.self, at: index))
    weights.store(elements.weight, at: index)
    if Self.slotCount > 0 { slots.slot0.store(elements.slot0, at: index) }
    if Self.slotCount > 1 { slots.slot1.store(elements.slot1, at: index) }
    if Self.slotCount > 2 { slots.slot2.store(elements.slot2, at: index) }
  }
}
