import JSON
import Serve

/// Writes scores and how well they fit, a line each.
struct ScoreLines {
  private let isJSON: Bool
  private var lines = ""

  /// Lines of text, or of JSON.
  init(isJSON: Bool) { self.isJSON = isJSON }

  /// Adds a score.
  mutating func add(_ score: ScoringRun.Score) {
    lines += (isJSON ? Self.object(score) : Self.line(score)) + "\n"
    if lines.utf8.count > 1 << 16 { flush() }
  }

  /// Writes what is left, and how well the scores fit, if that is known.
  mutating func finish(_ fit: ScoringRun.Fit?) {
    if let fit { lines += isJSON ? Self.object(fit) : Self.line(fit) }
    flush()
  }

  private mutating func flush() {
    Output.write(lines)
    lines = ""
  }

  private static func line(_ score: ScoringRun.Score) -> String {
    switch score {
    case .probability(let probability): "\(probability)"
    case .classification(let best, let probability): "\(best) \(probability)"
    case .numbers(let numbers): numbers.map { "\($0)" }.joined(separator: " ")
    }
  }

  private static func object(_ score: ScoringRun.Score) -> String {
    var object = ObjectText()
    switch score {
    case .probability(let probability): object.add("probability", Double(probability))
    case .classification(let best, let probability):
      object.add("class", best)
      object.add("probability", Double(probability))
    case .numbers(let numbers):
      if numbers.count == 1 { object.add("prediction", numbers[0]) } else { object.add("prediction", numbers) }
    }
    return object.text
  }

  /// Nothing, where no label could be compared with its score.
  private static func line(_ fit: ScoringRun.Fit) -> String {
    guard !fit.figures.isEmpty else { return "" }
    let figures = fit.figures.map { "\($0.name) \(ReadableNumber.fixed($0.value, 4))" }.joined(separator: ", ")
    return "\(UInt64(fit.examples)) examples: \(figures)\n"
  }

  private static func object(_ fit: ScoringRun.Fit) -> String {
    var metrics = ObjectText()
    for (name, value) in fit.figures { metrics.add(name, value) }
    var object = ObjectText()
    object.add("metrics", metrics)
    return object.text + "\n"
  }
}
