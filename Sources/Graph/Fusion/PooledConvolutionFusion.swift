import Kernels

/// Pools convolutions, and spreads cotangents of pools, image by image while they are in the caches, instead of writing and
/// reading images that are four times as large as their pool.
struct PooledConvolutionFusion: FusionRule {
  private let soleUses: SoleUses

  init(_ program: Program) { soleUses = SoleUses(program) }

  func replacement(for index: Int, of program: Program) -> Replacement? {
    let node = program.nodes[index]
    switch node.primitive {
    case let pool as MaxPool:
      guard let made = soleUses.producer(of: node.operands[0], in: program),
        let convolution = made.primitive as? Convolution
      else { return nil }
      let pooled = PooledConvolution(window: convolution.window, pool: pool.window)
      let (images, filters) = (program.types[made.operands[0]], program.types[made.operands[1]])
      guard pooled.isWorthwhile(.forward, images: images, filters: filters.shape[3]) else { return nil }
      return Replacement(primitive: pooled, operands: made.operands)

    case let gradient as ConvolutionFilterGradient:
      let (x, d) = (node.operands[0], node.operands[1])
      guard let (pool, operands) = poolGradient(d, program) else { return nil }
      let pooled = PooledConvolution(window: gradient.window, pool: pool.window)
      let channels = program.types[d].shape[3]
      guard pooled.isWorthwhile(.filterGradient, images: program.types[x], filters: channels) else { return nil }
      return Replacement(primitive: PooledFilterGradient(convolution: pooled), operands: [x] + operands)

    case let gradient as ConvolutionInputGradient:
      let (filters, d) = (node.operands[0], node.operands[1])
      guard let (pool, operands) = poolGradient(d, program) else { return nil }
      let pooled = PooledConvolution(window: gradient.window, pool: pool.window)
      let (images, channels) = (program.types[node.results.lowerBound], program.types[d].shape[3])
      guard pooled.isWorthwhile(.inputGradient, images: images, filters: channels) else { return nil }
      return Replacement(
        primitive: PooledInputGradient(convolution: pooled, images: gradient.images), operands: [filters] + operands)

    default: return nil
    }
  }

  /// The pool whose gradient `value` is, and the selection and cotangent that it is made from.
  private func poolGradient(_ value: Int, _ program: Program) -> (MaxPoolGradient, [Int])? {
    guard let producer = program.node(making: value),
      let gradient = program.nodes[producer].primitive as? MaxPoolGradient
    else { return nil }
    return (gradient, program.nodes[producer].operands)
  }
}

extension PooledConvolution {
  /// Whether a pass is faster than the convolution's and the pool's, one after the other, for any number of `images`.
  fileprivate func isWorthwhile(_ pass: Kernels.Convolution.Pass, images: TensorType, filters: Extent) -> Bool {
    guard images.dtype == .float32, let filters = filters.constant,
      let dimensions = Shape([1] + images.shape.extents.dropFirst()).dimensions(batch: 1)
    else { return false }
    return kernel(images: dimensions, filters: filters).isWorthwhile(Float.self, for: pass)
  }
}
