import Serve
import Testing

@Suite struct `A progress reporter` {
  /// Collects what is written.
  private final class Sink {
    var text = ""
  }

  private func run(
    _ style: ProgressReporter.Style, _ cadence: ProgressReporter.Cadence, steps: Int, goal: UInt64? = nil
  ) -> String {
    let sink = Sink()
    let start = ContinuousClock.now
    var reporter = ProgressReporter(style: style, cadence: cadence, goal: goal, at: start) { sink.text += $0 }
    func snapshot(_ step: Int) -> ProgressSnapshot {
      ProgressSnapshot(
        step: UInt64(step), examples: UInt64(step) * 1000, loss: 0.25, metrics: [("accuracy", 0.875)],
        version: UInt64(step))
    }
    for step in 1...steps {
      let now = start + .milliseconds(10 * step)
      reporter.update(step: UInt64(step), examples: UInt64(step) * 1000, at: now) { snapshot(step) }
    }
    reporter.finish(snapshot(steps), at: start + .milliseconds(10 * steps))
    return sink.text
  }

  @Test func `rewrites one line at most ten times a second`() {
    let text = run(.live(columns: 200), .time(.seconds(1)), steps: 100, goal: 200_000)
    let lines = text.split(separator: "\r")
    #expect(lines.count == 11)
    #expect(
      lines[0] == "step 10  10,000 examples  100,000 examples/s  loss 0.2500  accuracy 0.8750  ETA 0:02\u{1b}[K")
    #expect(lines[10].hasSuffix("accuracy 0.8750\u{1b}[K\n"))
    #expect(run(.live(columns: 12), .steps(1), steps: 10).hasPrefix("\rstep 10  10\u{1b}[K"))
  }

  @Test func `writes plain lines by time or by steps`() {
    #expect(run(.lines, .time(.milliseconds(250)), steps: 100).split(separator: "\n").count == 5)
    let lines = run(.lines, .steps(40), steps: 100, goal: 10_000_000).split(separator: "\n")
    #expect(lines.map { $0.prefix(9) } == ["step 40  ", "step 80  ", "step 100 "])
    #expect(lines[0].hasSuffix("ETA 1:40") && !lines[2].contains("ETA"))
  }

  @Test func `writes JSON objects, the last one done`() {
    let lines = run(.json, .steps(50), steps: 100).split(separator: "\n")
    #expect(
      lines[0] == """
        {"step": 50, "examples": 50000, "examples_per_s": 100000, "loss": 0.25, "metrics": {"accuracy": 0.875}, \
        "version": 50}
        """)
    #expect(lines.count == 3 && lines[2].hasSuffix("\"version\": 100, \"done\": true}"))
  }

  @Test(arguments: [
    (ProgressReporter.Style.lines, "step 7  0 examples  0 examples/s  stopped\n"),
    (.json, "\"loss\": null, \"metrics\": {}, \"version\": 7, \"done\": true, \"stopped\": true}\n"),
  ])
  func `tells a run that was stopped, and leaves out a loss that there is none of`(
    _ style: ProgressReporter.Style, _ end: String
  ) {
    let sink = Sink()
    let start = ContinuousClock.now
    var reporter = ProgressReporter(style: style, cadence: .steps(1), at: start) { sink.text += $0 }
    let snapshot = ProgressSnapshot(step: 7, examples: 0, loss: .nan, version: 7)
    reporter.finish(snapshot, at: start, isStopped: true)
    #expect(sink.text.hasSuffix(end), "\(sink.text)")
  }

  @Test func `measures from where it resumed`() {
    let start = ContinuousClock.now
    var throughput = Throughput(examples: 1_000_000, at: start)
    throughput.update(examples: 1_000_500, at: start + .milliseconds(500))
    #expect(abs(throughput.rate - 1000) < 1e-6)
    #expect(abs(throughput.meanRate(examples: 1_001_000, at: start + .seconds(4)) - 250) < 1e-6)
  }

  @Test(
    arguments: [
      (0.12345, 4, "0.1235"), (-0.00001, 2, "0.00"), (12, 0, "12"), (.nan, 2, "nan"), (1e300, 2, "1e+300"),
      (-3.999, 2, "-4.00"),
    ] as [(Double, Int, String)])
  func `shows numbers with fixed digits`(_ value: Double, _ digits: Int, _ expected: String) {
    #expect(ReadableNumber.fixed(value, digits) == expected)
  }

  @Test(arguments: [(0, "0:00"), (59.1, "1:00"), (3600, "1:00:00"), (3725, "1:02:05")] as [(Double, String)])
  func `shows the time that remains`(_ seconds: Double, _ expected: String) {
    #expect(ReadableNumber.clock(seconds) == expected)
  }
}
