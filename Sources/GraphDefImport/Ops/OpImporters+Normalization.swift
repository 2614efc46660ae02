import Graph
import Kernels

extension OpImporter {
  /// Normalization over examples or channels.
  static let normalization: [String: OpImporter] = {
    let forward = OpImporter(outputs: { try $0.batchNormalized() })
    let backward = OpImporter(outputs: { try $0.batchNormalizationGradient() })
    return [
      "FusedBatchNorm": forward, "FusedBatchNormV2": forward, "FusedBatchNormV3": forward,
      "FusedBatchNormGrad": backward, "FusedBatchNormGradV2": backward, "FusedBatchNormGradV3": backward,
      "LRN": OpImporter { node in
        let x = try node.operand(0)
        return try x.multiplied(by: node.raised(node.responseBase(x), -node.float("beta", default: 0.5)))
      },
      "LRNGrad": OpImporter { node in
        let (d, x, y) = (try node.operand(0), try node.operand(1), try node.operand(2))
        let base = try node.responseBase(x)
        let beta = try node.float("beta", default: 0.5)
        let shared = try node.summedOverNeighbours(d.multiplied(by: y).divided(by: base))
        let factor = -2 * beta * (try node.float("alpha", default: 1))
        return try d.multiplied(by: node.raised(base, -beta)).adding(x.multiplied(by: shared).multiplied(by: factor))
      },
    ]
  }()
}

extension NodeReader {
  /// The sum of `x` over the channels that are at most `depth_radius` away.
  fileprivate func summedOverNeighbours(_ x: Value) throws -> Value {
    let radius = try int("depth_radius", default: 5)
    guard x.shape.rank == 4, let channels = x.shape[3].constant, radius >= 0 else {
      throw ImportError.Reason.other("images with 4 axes expected, not \(x.shape)")
    }
    let reach = min(radius, channels)
    guard reach <= 4096 else { throw ImportError.Reason.other("a sum over \(reach) channels to either side") }
    let padded = try x.padded(
      before: [0, 0, 0, reach], after: [0, 0, 0, reach], with: Value.constant(0, x.dtype, in: builder))
    var total = try padded.sliced(from: [0, 0, 0, 0], shape: x.shape)
    for offset in 1..<max(2 * reach + 1, 1) {
      total = try total.adding(padded.sliced(from: [0, 0, 0, offset], shape: x.shape))
    }
    return total
  }

  /// What local response normalization divides by a power of.
  fileprivate func responseBase(_ x: Value) throws -> Value {
    try summedOverNeighbours(x.unary(.square)).multiplied(by: float("alpha", default: 1))
      .adding(float("bias", default: 1))
  }

  fileprivate func raised(_ x: Value, _ exponent: Double) throws -> Value {
    try x.binary(.power, Value.constant(exponent, x.dtype, in: builder))
  }

  /// Checks that the operand at `index` has its channels along its last axis.
  private func checkChannelsLast(_ index: Int) throws {
    guard try shape(index).rank > 0 else { throw ImportError.Reason.other("a number has no channels") }
    let format = try text("data_format", default: "NHWC")
    guard format == "NHWC" || format == "NDHWC" else {
      throw ImportError.Reason.attribute("data_format", found: "'\(format)'", expected: "'NHWC'")
    }
  }

  /// The outputs of a batch normalization: the result, mean and variance, and what its gradient needs of them.
  fileprivate func batchNormalized() throws -> [ImportedTensor] {
    try checkChannelsLast(0)
    let (x, scale, offset) = (try operand(0), try operand(1), try operand(2))
    let epsilon = try float("epsilon", default: 1e-4)
    let examples = AxisSet(axes: 0..<x.shape.rank - 1)
    var (mean, variance) = (try operand(3), try operand(4))
    var running = (mean, variance)
    if try bool("is_training", default: true) {
      let batchMean = try x.averaged(over: examples)
      let batchVariance = try x.subtracting(batchMean).unary(.square).averaged(over: examples)
      guard let count = Shape.product(of: x.shape.extents.dropLast()) else {
        throw ImportError.Reason.other("\(x.shape) has B² elements")
      }
      let number = try Value.extent(count, x.dtype, in: builder)
      let one = try Value.constant(1, x.dtype, in: builder)
      // The running variance is that of the population, from which the batch is a sample.
      let sample = try batchVariance.multiplied(by: number.divided(by: number.subtracting(one).binary(.maximum, one)))
      let factor = try float("exponential_avg_factor", default: 1)
      running = (batchMean, sample)
      if factor != 1 {
        running.0 = try mean.multiplied(by: 1 - factor).adding(batchMean.multiplied(by: factor))
        running.1 = try variance.multiplied(by: 1 - factor).adding(sample.multiplied(by: factor))
      }
      (mean, variance) = (batchMean, batchVariance)
    }
    let factor = try variance.adding(epsilon).unary(.reciprocalSquareRoot).multiplied(by: scale)
    let y = try x.subtracting(mean).multiplied(by: factor).adding(offset)
    // TensorFlow lets gradients through the result only.
    let statistics = try [running.0, running.1, mean, variance].map { ImportedTensor.value(try $0.stoppingGradient()) }
    return [.value(y)] + statistics + [.nothing]
  }

  /// The outputs of a batch normalization's gradient: those of its operand, scale and offset.
  fileprivate func batchNormalizationGradient() throws -> [ImportedTensor] {
    try checkChannelsLast(1)
    let (d, x, scale, mean, variance) = (
      try operand(0), try operand(1), try operand(2), try operand(3), try operand(4)
    )
    let examples = AxisSet(axes: 0..<x.shape.rank - 1)
    let inverse = try variance.adding(float("epsilon", default: 1e-4)).unary(.reciprocalSquareRoot)
    let normalized = try x.subtracting(mean).multiplied(by: inverse)
    var dx = d
    if try bool("is_training", default: true) {
      let correlation = try d.multiplied(by: normalized).averaged(over: examples)
      dx = try d.subtracting(d.averaged(over: examples)).subtracting(normalized.multiplied(by: correlation))
    }
    return [
      .value(try dx.multiplied(by: inverse.multiplied(by: scale))),
      .value(try d.multiplied(by: normalized).summed(over: examples)), .value(try d.summed(over: examples)),
      .nothing, .nothing,
    ]
  }
}
