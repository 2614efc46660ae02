import JSON

/// What a report says.
public struct ProgressSnapshot: Sendable {
  /// The training steps done.
  public var step: UInt64
  /// The examples learned from.
  public var examples: UInt64
  /// The loss, over a recent stretch; NaN if nothing was learned yet, which reports leave out.
  public var loss: Double
  /// Further figures by name, in the order to show them.
  public var metrics: [(name: String, value: Double)]
  /// The version of the parameters.
  public var version: UInt64

  /// Collects the figures.
  public init(
    step: UInt64, examples: UInt64, loss: Double, metrics: [(name: String, value: Double)] = [], version: UInt64
  ) {
    self.step = step
    self.examples = examples
    self.loss = loss
    self.metrics = metrics
    self.version = version
  }
}

/// Reports how far training is: one line that is rewritten on a terminal, plain lines or JSON objects elsewhere.
///
/// It writes to a sink and takes the time as a parameter. A snapshot is asked for only when a report is due.
public struct ProgressReporter {
  /// How reports look.
  public enum Style: Hashable, Sendable {
    /// One line, rewritten at most ten times a second, cut to `columns` characters.
    case live(columns: Int)
    /// A line per report.
    case lines
    /// A JSON object per report.
    case json
  }

  /// How often to report.
  public enum Cadence: Hashable, Sendable {
    /// When so much time has passed since the last report.
    case time(Duration)
    /// Each time so many steps have been done.
    case steps(UInt64)
  }

  private enum End {
    /// All was done.
    case reached
    /// Somebody asked to stop before.
    case stopped
  }

  /// Whether the clock decides when to report, so that the stretches between reports differ from run to run.
  public var isTimed: Bool {
    switch (style, cadence) {
    case (.live, _), (_, .time): true
    case (_, .steps): false
    }
  }

  private let style: Style
  private let cadence: Cadence
  private let goal: UInt64?
  private let write: (String) -> Void
  private var throughput: Throughput
  private var lastReport: ContinuousClock.Instant
  private var lastStep: UInt64

  /// The shortest time between two versions of a live line.
  private static let liveInterval = Duration.milliseconds(100)

  /// Starts to measure.
  ///
  /// - Parameters:
  ///   - style: How reports look.
  ///   - cadence: How often; a live line ignores it.
  ///   - goal: The examples at the end, if known, for the time that remains.
  ///   - now: The time.
  ///   - snapshot: Where training starts, not zero if it resumes.
  ///   - write: Takes each piece of text, newlines included.
  public init(
    style: Style, cadence: Cadence, goal: UInt64? = nil, at now: ContinuousClock.Instant,
    from snapshot: (step: UInt64, examples: UInt64) = (0, 0), write: @escaping (String) -> Void
  ) {
    self.style = style
    self.cadence = cadence
    self.goal = goal
    self.write = write
    throughput = Throughput(examples: snapshot.examples, at: now)
    lastReport = now
    lastStep = snapshot.step
  }

  /// Reports if it is time to; call it after each step.
  public mutating func update(
    step: UInt64, examples: UInt64, at now: ContinuousClock.Instant, _ snapshot: () -> ProgressSnapshot
  ) {
    throughput.update(examples: examples, at: now)
    // Who goes back for what was lost reports the steps from there on.
    lastStep = min(lastStep, step)
    guard isDue(step, now) else { return }
    lastReport = now
    lastStep = step
    report(snapshot(), rate: throughput.rate)
  }

  /// Reports the end, with the mean rate of the whole run, which somebody may have stopped before its end.
  public mutating func finish(_ snapshot: ProgressSnapshot, at now: ContinuousClock.Instant, isStopped: Bool = false) {
    report(
      snapshot, rate: throughput.meanRate(examples: snapshot.examples, at: now), end: isStopped ? .stopped : .reached)
  }

  private func isDue(_ step: UInt64, _ now: ContinuousClock.Instant) -> Bool {
    let elapsed = now - lastReport
    return switch (style, cadence) {
    case (.live, _): elapsed >= Self.liveInterval
    case (_, .time(let interval)): elapsed >= interval
    case (_, .steps(let count)): step - lastStep >= count
    }
  }

  private func report(_ snapshot: ProgressSnapshot, rate: Double, end: End? = nil) {
    switch style {
    case .live(let columns):
      write("\r\(line(snapshot, rate, end).prefix(max(columns - 1, 1)))\u{1b}[K\(end == nil ? "" : "\n")")
    case .lines: write(line(snapshot, rate, end) + "\n")
    case .json: write(Self.object(snapshot, rate, end) + "\n")
    }
  }

  private func remaining(_ snapshot: ProgressSnapshot, _ rate: Double) -> Double? {
    guard let goal, goal > snapshot.examples, rate > 0 else { return nil }
    return Double(goal - snapshot.examples) / rate
  }

  private func line(_ snapshot: ProgressSnapshot, _ rate: Double, _ end: End?) -> String {
    var parts = ["step \(ReadableNumber.grouped(Double(snapshot.step)))"]
    parts.append("\(ReadableNumber.grouped(Double(snapshot.examples))) examples")
    parts.append("\(ReadableNumber.grouped(rate)) examples/s")
    if !snapshot.loss.isNaN { parts.append("loss \(ReadableNumber.fixed(snapshot.loss, 4))") }
    parts += snapshot.metrics.map { "\($0.name) \(ReadableNumber.fixed($0.value, 4))" }
    switch end {
    case nil:
      if let remaining = remaining(snapshot, rate) { parts.append("ETA \(ReadableNumber.clock(remaining))") }
    case .stopped?: parts.append("stopped")
    case .reached?: break
    }
    return parts.joined(separator: "  ")
  }

  private static func object(_ snapshot: ProgressSnapshot, _ rate: Double, _ end: End?) -> String {
    var metrics = ObjectText()
    for (name, value) in snapshot.metrics { metrics.add(name, value) }
    var object = ObjectText()
    object.add("step", snapshot.step)
    object.add("examples", snapshot.examples)
    object.add("examples_per_s", (rate * 10).rounded() / 10)
    object.add("loss", snapshot.loss)
    object.add("metrics", metrics)
    object.add("version", snapshot.version)
    if end != nil { object.add("done", true) }
    if end == .stopped { object.add("stopped", true) }
    return object.text
  }
}
