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
    precondition(
      slots.slot0.count == count && slots.slot1.count == count && slots.slot2.count == count,
      "slots of another length than \(count)")
    var index = 0
    // Safety: no lane is behind `count`, which all four arrays have.
    while index <= count &- 16 {
      unsafe update(SIMD16<Float>.self, at: index, weights, slots, gradient)
      index &+= 16
    }
    if index <= count &- 8 {
      unsafe update(SIMD8<Float>.self, at: index, weights, slots, gradient)
      index &+= 8
    }
    if index <= count &- 4 {
      unsafe update(SIMD4<Float>.self, at: index, weights, slots, gradient)
      index &+= 4
    }
    if index <= count &- 2 {
      unsafe update(SIMD2<Float>.self, at: index, weights, slots, gradient)
      index &+= 2
    }
    if index < count { unsafe update(Float.self, at: index, weights, slots, gradient) }
  }

  /// Updates the lanes at `index`, all of which exist.
  @unsafe @inline(always)
  private func update<Lanes: FloatLanes>(
    _: Lanes.Type, at index: Int, _ weights: MemoryView<Float>, _ slots: SlotViews, _ gradient: MemoryView<Float>
  ) {
    let weight = unsafe weights.load(Lanes.self, uncheckedAt: index)
    var elements = Elements(weight: weight, slot0: weight, slot1: weight, slot2: weight)
    if Self.slotCount > 0 { unsafe elements.slot0 = slots.slot0.load(Lanes.self, uncheckedAt: index) }
    if Self.slotCount > 1 { unsafe elements.slot1 = slots.slot1.load(Lanes.self, uncheckedAt: index) }
    if Self.slotCount > 2 { unsafe elements.slot2 = slots.slot2.load(Lanes.self, uncheckedAt: index) }
    update(&elements, along: unsafe gradient.load(Lanes.self, uncheckedAt: index))
    unsafe weights.store(elements.weight, uncheckedAt: index)
    if Self.slotCount > 0 { unsafe slots.slot0.store(elements.slot0, uncheckedAt: index) }
    if Self.slotCount > 1 { unsafe slots.slot1.store(elements.slot1, uncheckedAt: index) }
    if Self.slotCount > 2 { unsafe slots.slot2.store(elements.slot2, uncheckedAt: index) }
  }
}
