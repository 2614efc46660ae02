import Glibc
import Kernels

/// An endless stream of clicks drawn from a planted factorisation machine, whose answers are known.
///
/// Field *k* (1…fields) holds one of 4…128 values, Zipf-distributed, as the id `k << 10 | value`. A click has the
/// probability σ(b + Σ w + Σ ⟨v, v'⟩): the linear part has standard deviation 1.2, the interactions 0.4, and *b* makes
/// the mean probability `rate`. With drift, weights and factors turn towards a second, independent machine by `drift`
/// radians per million examples; the spread of the logits stays the same.
///
/// Example *n* depends on the seed and on *n* only, so any part of the stream can be had at once.
public struct SyntheticClicks: DataSource {
  /// What the stream is made from.
  public struct Options: Hashable, Sendable {
    /// Decides everything that is random.
    public var seed: UInt64 = 0
    /// The number of fields, at most 63.
    public var fields = 39
    /// The length of the planted factors, at most 8.
    public var rank = 4
    /// Radians per million examples.
    public var drift = 0.0
    /// The mean click probability.
    public var rate = 0.25

    /// 39 fields, rank 4, one click in four, no drift.
    public init() {}
  }

  public let name: String
  public let keepsOrder = true
  public let isFinite = false
  public let labelWidth: Int? = 1
  public let count: Int? = nil
  public private(set) var position: UInt64 = 0

  /// What the stream is made from.
  public let options: Options

  private let samplers: [ZipfSampler]
  private let machines: [PlantedMachine]
  private var bias: Float = 0
  private let key: UInt64

  /// Examples between two turns of a drifting machine.
  private static let driftBlock: UInt64 = 4096

  /// The bits of a value, so that id = field << 10 | value.
  package static let valueBits = 10

  /// Plants a machine.
  public init(name: String, options: Options) {
    precondition((1...63).contains(options.fields) && (1...8).contains(options.rank), "\(options)")
    precondition(options.rate > 0 && options.rate < 1 && options.drift.isFinite, "\(options)")
    self.name = name
    self.options = options
    key = SplitMix64.mix(options.seed &+ 1)
    let samplers = (0..<options.fields).map { ZipfSampler(count: 1 << (2 + $0 * 5 % 6), exponent: 1.3) }
    self.samplers = samplers
    machines = (0..<(options.drift == 0 ? 1 : 2)).map { number in
      PlantedMachine(samplers: samplers, rank: options.rank, seed: SplitMix64.mix(options.seed) ^ UInt64(number))
    }
    bias = calibratedBias()
  }

  public var exampleShape: [Int]? { [options.fields] }

  public mutating func reset(epoch: UInt64, seed: UInt64?) throws(DataError) {
    guard epoch == 0 else { throw DataError(name, .usage("an endless stream has one pass")) }
    position = 0
  }

  public mutating func skip(to offset: UInt64) -> UInt64 {
    position = offset
    return offset
  }

  public mutating func next(into batch: inout Batch, upTo limit: Int) -> Bool {
    batch.resize(examples: limit, width: options.fields, labelWidth: 1)
    batch.begin = position
    for row in 0..<limit {
      let (logit, draw) = example(position, into: &batch.x, at: row * options.fields)
      batch.y[row] = draw < Self.sigmoid(Double(logit)) ? 1 : 0
      position += 1
    }
    batch.end = position
    return true
  }

  /// Draws example `index`: its ids to `ids`, its logit and the number that decides about a click.
  @inline(always) private func example(
    _ index: UInt64, into ids: inout [Float], at offset: Int
  ) -> (logit: Float, draw: Double) {
    var generator = SplitMix64(seed: key ^ SplitMix64.mix(index))
    let (near, far) = turn(index)
    var linear = bias
    var sum = SIMD8<Float>.zero
    var squares = SIMD8<Float>.zero
    for field in 0..<options.fields {
      let value = samplers[field].draw(generator.next())
      let row = field << Self.valueBits | value
      ids[offset + field] = Float(row + 1 << Self.valueBits)
      var weight = machines[0].weights[row]
      var factor = machines[0].factors[row]
      if far != 0 {
        weight = near * weight + far * machines[1].weights[row]
        factor = near * factor + far * machines[1].factors[row]
      }
      linear += weight
      sum += factor
      squares += factor * factor
    }
    return (linear + 0.5 * (sum * sum - squares).sum(), generator.uniform())
  }

  /// The shares of the two machines at example `index`.
  private func turn(_ index: UInt64) -> (near: Float, far: Float) {
    guard options.drift != 0 else { return (1, 0) }
    let angle = options.drift * Double(index / Self.driftBlock * Self.driftBlock) / 1e6
    return (Float(cos(angle)), Float(sin(angle)))
  }

  private func calibratedBias() -> Float {
    var ids = [Float](repeating: 0, count: options.fields)
    let logits = (0..<20_000).map { Double(example(UInt64($0), into: &ids, at: 0).logit) }
    var (low, high) = (-20.0, 20.0)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      let mean = logits.reduce(0) { $0 + Self.sigmoid($1 + middle) } / Double(logits.count)
      if mean < options.rate { low = middle } else { high = middle }
    }
    return Float(low)
  }

  private static func sigmoid(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }
}

extension SyntheticClicks {
  /// What a learner that knew the planted machine would score.
  public struct Ceiling: Hashable, Sendable {
    /// The expected area under the ROC curve.
    public var auc: Double
    /// The expected log loss.
    public var logLoss: Double
    /// The mean click probability.
    public var rate: Double
  }

  /// The best reachable figures, in words.
  ///
  /// - Complexity: O(200,000 examples).
  public var notices: [String] {
    let best = ceiling(from: position)
    func rounded(_ number: Double) -> Double { (number * 10_000).rounded() / 10_000 }
    return [
      "the best that can be learned from '\(name)' is auc \(rounded(best.auc)), log_loss \(rounded(best.logLoss))"
    ]
  }

  /// The best reachable figures, from the true probabilities of `count` examples from `offset` on.
  ///
  /// Labels are not drawn: each example counts as a click by its probability, which leaves little noise.
  public func ceiling(from offset: UInt64 = 0, count: Int = 200_000) -> Ceiling {
    precondition(count > 0, "\(count) examples")
    var ids = [Float](repeating: 0, count: options.fields)
    var probabilities = (0..<UInt64(count)).map {
      Self.sigmoid(Double(example(offset + $0, into: &ids, at: 0).logit))
    }
    probabilities.sort()
    var (clicks, others, won, loss) = (0.0, 0.0, 0.0, 0.0)
    for p in probabilities {
      won += p * (others + (1 - p) / 2)
      clicks += p
      others += 1 - p
      loss -= p * log(p) + (1 - p) * log(1 - p)
    }
    return Ceiling(auc: won / (clicks * others), logLoss: loss / Double(count), rate: clicks / Double(count))
  }
}

/// The weights and factors of all values, centred within each field and scaled to a known spread.
private struct PlantedMachine: Sendable {
  /// A weight for each `field << 10 | value`.
  var weights: [Float]
  /// A factor for each `field << 10 | value`; what exceeds the rank is zero.
  var factors: [SIMD8<Float>]

  init(samplers: [ZipfSampler], rank: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    weights = [Float](repeating: 0, count: samplers.count << SyntheticClicks.valueBits)
    factors = [SIMD8<Float>](repeating: .zero, count: weights.count)
    var linearVariance = 0.0
    var (covariances, covarianceSum) = ([[Double]](), [Double](repeating: 0, count: rank * rank))
    for (field, sampler) in samplers.enumerated() {
      let rows = field << SyntheticClicks.valueBits..<field << SyntheticClicks.valueBits + sampler.chances.count
      for row in rows {
        weights[row] = Float(Self.normal(&generator))
        for axis in 0..<rank { factors[row][axis] = Float(Self.normal(&generator)) }
      }
      centre(rows, sampler.chances)
      var covariance = [Double](repeating: 0, count: rank * rank)
      for (row, chance) in zip(rows, sampler.chances) {
        linearVariance += chance * Double(weights[row] * weights[row])
        for a in 0..<rank {
          for b in 0..<rank { covariance[a * rank + b] += chance * Double(factors[row][a] * factors[row][b]) }
        }
      }
      covariances.append(covariance)
      for index in covariance.indices { covarianceSum[index] += covariance[index] }
    }
    // Fields are independent and centred: Var Σ⟨v,v'⟩ = Σ tr(C C') over pairs = (tr S² − Σ tr C²) / 2.
    let own = covariances.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
    let pairVariance = (covarianceSum.reduce(0) { $0 + $1 * $1 } - own) / 2
    let weightScale = Float(1.2 / max(linearVariance, 1e-9).squareRoot())
    let factorScale = Float((0.4 / max(pairVariance, 1e-9).squareRoot()).squareRoot())
    for row in weights.indices {
      weights[row] *= weightScale
      factors[row] *= factorScale
    }
  }

  /// Takes the mean over the field's values away, so that fields do not shift one another.
  private mutating func centre(_ rows: Range<Int>, _ chances: [Double]) {
    var (weight, factor) = (Float.zero, SIMD8<Float>.zero)
    for (row, chance) in zip(rows, chances) {
      weight += Float(chance) * weights[row]
      factor += Float(chance) * factors[row]
    }
    for row in rows {
      weights[row] -= weight
      factors[row] -= factor
    }
  }

  /// A standard normal number, by Box and Muller.
  private static func normal(_ generator: inout SplitMix64) -> Double {
    (-2 * log(1 - generator.uniform())).squareRoot() * cos(2 * .pi * generator.uniform())
  }
}
