import ArgumentParser
import GraphDefImport
import JSON
import Kernels
import Serve

/// Shows where the time of a training step goes.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Show where the time of a training step goes, part by part.",
    discussion: """
      Example: onlearn profile Models/afm.json --batch 1024

      Inputs are random and parameters in memory, as for `bench step`. Each part of the step comes with its time, its \
      share, its speed, and how many times as long it takes as this machine's roofline allows, which is measured first.
      """)

  @OptionGroup var step: StepOptions

  @Option(parsing: .unconditional, help: "Steps to watch.")
  var steps = 20

  @Option(parsing: .unconditional, help: "How many parts to list, the longest first; 0 lists all.")
  var top = 25

  @Flag(help: "Print a JSON object.")
  var json = false

  func validate() throws {
    try StepOptions.check(steps: steps)
    guard top >= 0 else { throw ValidationError("--top must not be negative.") }
  }

  func run() throws { try CommandError.reporting(measure) }

  private func measure() throws {
    let pool = step.runtime.makePool()
    var (model, examples, benchmark) = try step.load(on: pool)
    let plan = try benchmark.plan()
    let unwatched = try benchmark.run(steps: steps).time.median
    let profile = try StepProfile(of: &benchmark, steps: steps, roofline: Roofline(measuredOn: pool))
    let rows = top == 0 ? profile.rows[...] : profile.rows.prefix(top)
    if json {
      Output.write(report(model, examples, plan, unwatched, profile, rows).text + "\n")
    } else {
      Output.write(
        """
        \(model.config.modelName): batch \(examples), \(plan.lanes) lanes, tiles of \(plan.tile), \(steps) steps
        a step: \(ReadableNumber.fixed(profile.stepMilliseconds, 3)) ms watched, \
        \(ReadableNumber.fixed(unwatched, 3)) ms otherwise; the parts account for \
        \(ReadableNumber.fixed(100 * profile.accountedShare, 1)) %
        at best this machine does \(ReadableNumber.fixed(profile.roofline.gigaflops, 0)) GFLOP/s, moves \
        \(ReadableNumber.fixed(profile.roofline.cacheGigabytes, 0)) GB/s in its caches and \
        \(ReadableNumber.fixed(profile.roofline.memoryGigabytes, 0)) GB/s in memory

              ms  share  GFLOP/s    GB/s  distance   times

        """)
      for row in rows { Output.write(line(row)) }
    }
  }

  private func line(_ row: StepProfile.Row) -> String {
    let columns = [
      (ReadableNumber.fixed(row.milliseconds, 4), 8), (ReadableNumber.fixed(100 * row.share, 1) + "%", 7),
      (ReadableNumber.fixed(row.gigaflops, 1), 9), (ReadableNumber.fixed(row.gigabytes, 1), 8),
      (row.distance.map { ReadableNumber.fixed($0, 1) } ?? "-", 10), ("\(row.applications)", 8),
    ]
    let numbers = columns.map { String(repeating: " ", count: max(0, $1 - $0.count)) + $0 }.joined()
    return "\(numbers)  \(row.name)\(row.label.isEmpty ? "" : " (\(row.label))")\n"
  }

  private func report(
    _ model: Model, _ examples: Int, _ plan: (tile: Int, lanes: Int), _ unwatched: Double, _ profile: StepProfile,
    _ rows: ArraySlice<StepProfile.Row>
  ) -> ObjectText {
    var object = ObjectText()
    object.add("model", model.config.modelName)
    object.add("batch", examples)
    object.add("lanes", plan.lanes)
    object.add("tile", plan.tile)
    object.add("step_ms", profile.stepMilliseconds)
    object.add("unwatched_step_ms", unwatched)
    object.add("accounted_share", profile.accountedShare)
    object.add("peak_gflops", profile.roofline.gigaflops)
    object.add("cache_gb_per_s", profile.roofline.cacheGigabytes)
    object.add("memory_gb_per_s", profile.roofline.memoryGigabytes)
    let parts = rows.map { row -> ObjectText in
      var part = ObjectText()
      part.add("name", row.name)
      part.add("node", row.label)
      part.add("applications", row.applications)
      part.add("ms", row.milliseconds)
      part.add("share", row.share)
      part.add("gflops", row.gigaflops)
      part.add("gb_per_s", row.gigabytes)
      part.add("distance", orNull: row.distance)
      return part
    }
    object.add("parts", parts)
    return object
  }
}
