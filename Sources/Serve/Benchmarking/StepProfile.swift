import Graph
import Kernels

/// Where the time of training steps goes: primitive by primitive, and what surrounds the program.
public struct StepProfile: Sendable {
  /// A part of the step.
  public struct Row: Sendable {
    /// What is done: a primitive, or something that the trainer does.
    public var name: String
    /// The node of the graph that asks for it; empty for the trainer's own work.
    public var label: String
    /// How often it is done in a step.
    public var applications: Int
    /// Its time in milliseconds per step; the mean of the lanes for what all lanes do.
    public var milliseconds: Double
    /// Its part of the step's time.
    public var share: Double
    /// 10⁹ floating-point operations per second.
    public var gigaflops: Double
    /// 10⁹ bytes read and written per second.
    public var gigabytes: Double
    /// How many times as long it takes as the roofline allows; `nil` where operations and bytes are not known.
    public var distance: Double?
  }

  /// The time of a step in milliseconds, on average, while it is watched.
  public let stepMilliseconds: Double
  /// The part of that time that the rows account for.
  public let accountedShare: Double
  /// The parts, the longest first.
  public let rows: [Row]
  /// What the machine can do at best.
  public let roofline: Roofline

  /// Watches `steps` steps of `benchmark`, after one that is not counted.
  public init(of benchmark: inout StepBenchmark, steps: Int, roofline: Roofline) throws {
    precondition(steps > 0, "\(steps) steps")
    let trainer = benchmark.trainer
    try benchmark.step()
    let executor = try trainer.executor(batch: benchmark.examples)
    let (execution, phases) = (ExecutionProfile(executor.plan), StepPhases())
    executor.profile = execution
    trainer.phases = phases
    defer { (executor.profile, trainer.phases) = (nil, nil) }
    let start = MonotonicClock.nanoseconds
    for _ in 0..<steps { try benchmark.step() }
    let total = Double(MonotonicClock.nanoseconds - start) / Double(steps)

    var rows = execution.entries.map { entry in
      let bound = roofline.nanoseconds(
        operations: entry.operationCount, bytes: entry.byteCount, bytesAtOnce: entry.byteCount / entry.applications)
      return Row(
        name: entry.primitive, label: entry.label, applications: entry.applications,
        milliseconds: entry.nanoseconds / 1e6, share: entry.nanoseconds / total,
        gigaflops: Double(entry.operationCount) / entry.nanoseconds,
        gigabytes: Double(entry.byteCount) / entry.nanoseconds, distance: bound > 0 ? entry.nanoseconds / bound : nil)
    }
    func addRow(_ name: String, _ nanoseconds: Double) {
      rows.append(
        Row(
          name: name, label: "", applications: 1, milliseconds: nanoseconds / 1e6, share: nanoseconds / total,
          gigaflops: 0, gigabytes: 0, distance: nil))
    }
    addRow(
      "waiting for lanes, adding up their sums, changing tiles",
      execution.runNanoseconds - execution.entries.reduce(0) { $0 + $1.nanoseconds })
    for name in phases.names where name != Trainer.programPhase {
      addRow(name, Double(phases.nanoseconds[name]!) / Double(steps))
    }
    stepMilliseconds = total / 1e6
    accountedShare = rows.reduce(0) { $0 + $1.share }
    self.rows = rows.sorted { $0.milliseconds > $1.milliseconds }
    self.roofline = roofline
  }
}
