import Kernels

/// An update kernel between a limited gradient and limited weights.
struct Limited<Kernel: UpdateKernel>: UpdateKernel {
  static var slotCount: Int { Kernel.slotCount }

  let kernel: Kernel
  let scale: Float
  let clipping: GradientClipping
  let bounds: WeightBounds

  @inline(always) func update<Lanes: FloatLanes>(_ elements: inout Elements<Lanes>, along gradient: Lanes) {
    let limit = Lanes(repeating: clipping.value)
    let scaled = gradient * Lanes(repeating: scale)
    kernel.update(&elements, along: scaled.lowered(to: limit).raised(to: Lanes(repeating: -clipping.value)))
    let lower = Lanes(repeating: bounds.lower)
    elements.weight = elements.weight.lowered(to: Lanes(repeating: bounds.upper)).raised(to: lower)
  }
}
