public import Kernels
public import Parameters

/// Times training steps of a model on one batch: forward and backward pass and the optimizer's update, with
/// parameters in memory.
public struct StepBenchmark {
  /// What was found.
  public struct Result: Sendable {
    /// The time of a step.
    public var time: TimeSample
    /// The examples per second at the median time.
    public var examplesPerSecond: Double
    /// How often a step took memory from the heap, on average; `nil` if it was not counted.
    public var allocationsPerStep: Double?
    /// The loss before the last step: a checksum, and a sign that something was learned.
    public var loss: Float
    /// What a step reads and writes.
    public var traffic: StepTraffic
  }

  let trainer: Trainer
  private let batch: Batch
  private let warmUpSteps: Int

  /// The benchmark of `model` with `batch`, again and again.
  ///
  /// - Parameters:
  ///   - store: Where the parameters are.
  ///   - tile: Examples per tile, or `nil` to choose.
  ///   - seed: Decides dropout.
  ///   - warmUpSteps: The steps before the first one that counts.
  public init(
    _ model: Model, _ batch: Batch, store: any ParameterStore, pool: LanePool, tile: Int? = nil, seed: UInt64 = 0,
    warmUpSteps: Int = 5
  ) throws {
    trainer = try Trainer(model, store: store, pool: pool, seed: seed, tile: tile, observes: false)
    self.batch = batch
    var validator = model.batchValidator(labelsAreUsed: true)
    try validator.check(batch)
    self.warmUpSteps = warmUpSteps
  }

  /// One step; returns the loss before it.
  @discardableResult public mutating func step() throws -> Float { try trainer.step(batch).loss }

  /// The examples per step.
  var examples: Int { batch.examples }

  /// The examples per tile and the threads that work on tiles.
  public func plan() throws -> (tile: Int, lanes: Int) { try trainer.plan(batch: batch.examples) }

  /// Times `steps` steps, at least one.
  public mutating func run(steps: Int, counter: AllocationCounter = .none) throws -> Result {
    precondition(steps > 0, "\(steps) steps")
    for _ in 0..<warmUpSteps { try step() }
    let clock = ContinuousClock()
    var times = [Duration](repeating: .zero, count: steps)
    var loss: Float = 0
    counter.start()
    do {
      for index in 0..<steps {
        let start = clock.now
        loss = try step()
        times[index] = clock.now - start
      }
    } catch {
      _ = counter.stop()
      throw error
    }
    let allocations = counter.stop()
    let time = TimeSample(times)
    return Result(
      time: time, examplesPerSecond: Double(batch.examples) / time.median * 1000,
      allocationsPerStep: allocations.map { Double($0) / Double(steps) }, loss: loss,
      traffic: try trainer.traffic(batch: batch.examples))
  }
}
