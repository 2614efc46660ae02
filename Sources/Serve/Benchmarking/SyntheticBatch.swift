import GraphDefImport
import Glibc
import Kernels

extension Batch {
  /// `examples` random examples that fit `model`, decided by `seed`.
  ///
  /// A model of classes has pixels, uniform in [0, 1), unless it looks rows up by its input, and uniform classes. Any other
  /// has ids of hashed categories, `field << 10 | value` with fields from 1 and Zipf-distributed values, and one click in
  /// four.
  public init(syntheticFor model: Model, examples: Int, seed: UInt64) {
    self.init()
    let config = model.config
    resize(
      examples: examples, width: config.inputSize.dropFirst().reduce(1, *),
      labelWidth: config.outputSize.dropFirst().reduce(1, *))
    var generator = SplitMix64(seed: seed)
    if config.classCount != nil, model.idLimit == nil {
      for index in x.indices { x[index] = Float(generator.next() >> 40) * 0x1p-24 }
    } else {
      let rows = min(model.idLimit ?? .max, 1 << 24)
      let values = ClampedZipf(exponent: 1.3, limit: 1024)
      for index in x.indices {
        let id = (index % width + 1) << 10 | values.draw(&generator) - 1
        x[index] = Float(id % rows)
      }
    }
    if let classes = config.classCount {
      for index in y.indices { y[index] = Float(generator.next(below: classes)) }
    } else {
      for index in y.indices { y[index] = generator.uniform() < 0.25 ? 1 : 0 }
    }
  }
}

/// The values 1, 2, 3, … with chances that fall as 1, 2^-s, 3^-s, …; all above a limit are the limit.
///
/// - SeeAlso: L. Devroye, *Non-Uniform Random Variate Generation*, 1986, chapter X.6: the rejection method that NumPy
///   uses, too.
private struct ClampedZipf {
  let exponent: Double
  let limit: Int

  func draw(_ generator: inout SplitMix64) -> Int {
    let power = exponent - 1
    let bound = pow(2, power)
    while true {
      let value = pow(1 - generator.uniform(), -1 / power).rounded(.down)
      let chance = generator.uniform()
      // Where the ratio below rounds to one the value is far above the limit.
      guard value < 0x1p40 else { return limit }
      let ratio = pow(1 + 1 / value, power)
      if chance * value * (ratio - 1) / (bound - 1) <= ratio / bound { return min(Int(value), limit) }
    }
  }
}
