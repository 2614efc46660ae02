import Glibc
import Kernels

/// Zeroed floats, freed with their owner.
@safe final class FloatMemory: Sendable {
  /// The floats.
  let view: MemoryView<Float>

  /// `count` zeros for `spec`.
  init(count: Int, for spec: ParameterSpec) throws(StoreError) {
    // Safety: a block of our own, exactly as long as the view; calloc checks the product.
    guard let block = unsafe calloc(max(count, 1), MemoryLayout<Float>.stride) else {
      throw .outOfMemory(parameter: spec.name, byteCount: count * MemoryLayout<Float>.stride)
    }
    view = unsafe MemoryView(base: block.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
  }

  deinit {
    // Safety: the block of `init`.
    unsafe free(view.base)
  }
}
