import ArgumentParser
import Files
import JSON
import Serve

/// Checks a model's gradients.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compare our gradients with the graph's own and with finite differences, on random inputs.",
    discussion: """
      Example: onlearn check Models/mlp.json

      One line per parameter: the largest error relative to the largest value. The exit status is 1 if an error is
      above 1e-4. Without --batch, at most 64 examples are taken.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var runtime: RuntimeOptions

  @OptionGroup var batching: BatchOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws { try CommandError.reporting(check) }

  private func check() throws {
    var options = GradientCheck.Options()
    options.batch = batching.batch
    options.seed = runtime.seed
    var check = try GradientCheck(
      configPath: model.config, graphPath: model.graph, pool: runtime.makePool(), options: options)
    let (findings, notices) = try check.run()
    for notice in notices { Output.error("onlearn: \(notice)") }
    let passed = findings.allSatisfy { $0.isWithin(options.tolerance) }
    Output.write(json ? object(findings, passed: passed) : lines(findings, options.tolerance))
    guard passed else {
      let names = findings.filter { !$0.isWithin(options.tolerance) }.map { "'\($0.name)'" }.joined(separator: ", ")
      Output.error("onlearn: the gradients of \(names) differ by more than \(options.tolerance)")
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    }
  }

  private func lines(_ findings: [GradientCheck.Finding], _ tolerance: Double) -> String {
    var text = ""
    for finding in findings {
      let graph = finding.graphError.map { "error \(Self.short($0)) against the graph" } ?? "not in the graph"
      let difference = "error \(Self.short(finding.finiteDifferenceError)) against finite differences"
      text += "\(finding.name) \(finding.shape): \(graph), \(difference)"
      text += finding.isWithin(tolerance) ? "\n" : " — differs\n"
    }
    return text
  }

  /// `value` with two significant digits.
  private static func short(_ value: Double) -> String {
    guard value.isFinite, value > 0 else { return "\(value)" }
    var (mantissa, exponent) = (value, 0)
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let tenths = Int((mantissa * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)e\(exponent)"
  }

  private func object(_ findings: [GradientCheck.Finding], passed: Bool) -> String {
    let parameters = findings.map { finding -> ObjectText in
      var object = ObjectText()
      object.add("name", finding.name)
      object.add("shape", finding.shape)
      object.add("graph_error", orNull: finding.graphError)
      object.add("finite_difference_error", finding.finiteDifferenceError)
      return object
    }
    var object = ObjectText()
    object.add("passed", passed)
    object.add("parameters", parameters)
    return object.text + "\n"
  }
}
