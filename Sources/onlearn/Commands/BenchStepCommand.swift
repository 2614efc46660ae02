import ArgumentParser
import CAllocationCounter
import Glibc
import GraphDefImport
import JSON
import Kernels
import Serve

/// Times training steps of a model.
struct BenchStepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time one training step, optimizer included, on random inputs that fit the model.",
    discussion: """
      Example: onlearn bench step Models/mlp.json --batch 1024 --threads 2

      Parameters are in memory. Times are taken after a warm-up; allocations are calls of malloc and its relatives, by \
      all threads.
      """)

  @OptionGroup var step: StepOptions

  @Option(parsing: .unconditional, help: "Steps to time.")
  var steps = 50

  @Flag(help: "Print a JSON object.")
  var json = false

  func validate() throws {
    try StepOptions.check(steps: steps)
  }

  func run() throws { try CommandError.reporting(measure) }

  private func measure() throws {
    var (model, examples, benchmark) = try step.load(on: step.runtime.makePool())
    let plan = try benchmark.plan()
    let counter = AllocationCounter(
      start: { onlearn_allocations_start() },
      stop: {
        let count = onlearn_allocations_stop()
        return count < 0 ? nil : Int(count)
      })
    let result = try benchmark.run(steps: steps, counter: counter)
    if json {
      Output.write(report(model, examples, plan, result).text + "\n")
    } else {
      let (minimum, median, maximum) = (
        ReadableNumber.fixed(result.time.minimum, 3), ReadableNumber.fixed(result.time.median, 3),
        ReadableNumber.fixed(result.time.maximum, 3)
      )
      let allocations = result.allocationsPerStep.map { "\(ReadableNumber.fixed($0, 1))" } ?? "uncounted"
      Output.write(
        """
        \(model.config.modelName): batch \(examples), \(plan.lanes) lanes, tiles of \(plan.tile), \(steps) steps
        a step: \(minimum) ms min, \(median) ms median, \(maximum) ms max; \
        \(ReadableNumber.grouped(result.examplesPerSecond)) examples/s; \(allocations) allocations; loss \(result.loss)
        it touches \(ReadableNumber.grouped(Double(result.traffic.rows))) rows of tables and reads or writes \
        \(ReadableNumber.grouped(Double(result.traffic.bytes))) bytes; the process took \
        \(ReadableNumber.fixed(Self.peakMebibytes, 0)) MiB at most

        """)
    }
  }

  private func report(
    _ model: Model, _ examples: Int, _ plan: (tile: Int, lanes: Int), _ result: StepBenchmark.Result
  ) -> ObjectText {
    var object = ObjectText()
    object.add("model", model.config.modelName)
    object.add("batch", examples)
    object.add("steps", steps)
    object.add("lanes", plan.lanes)
    object.add("tile", plan.tile)
    object.add("min_ms", result.time.minimum)
    object.add("median_ms", result.time.median)
    object.add("max_ms", result.time.maximum)
    object.add("examples_per_s", result.examplesPerSecond)
    object.add("allocations_per_step", orNull: result.allocationsPerStep)
    object.add("loss", Double(result.loss))
    object.add("rows_touched", result.traffic.rows)
    object.add("bytes_touched", result.traffic.bytes)
    object.add("peak_mib", Self.peakMebibytes)
    object.add("blas_core", BLASCore.current.name)
    return object
  }

  /// The most memory that the process has had.
  private static var peakMebibytes: Double {
    var usage = rusage()
    // Safety: the system fills the structure it is given.
    _ = unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return (Double(usage.ru_maxrss) / 1024).rounded()
  }
}
