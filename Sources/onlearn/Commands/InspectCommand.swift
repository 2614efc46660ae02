import ArgumentParser
import Graph
import Kernels
import Serve

/// Shows what there is to know of a model.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show a model's inputs, parameters, operations, optimizer and plan, and what would be unsupported.",
    discussion: """
      Example: onlearn inspect Models/mlp.json --batch 256
      """)

  @OptionGroup var model: ModelOptions

  @OptionGroup var batching: BatchOptions

  @Option(parsing: .unconditional, help: "The threads to plan for; by default one for each core.")
  var threads: Int?

  @Flag(help: "Also print the program: every primitive of forward and backward pass.")
  var program = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024.") }
  }

  func run() throws {
    try CommandError.reporting {
      let inspection = try ModelInspection(
        configPath: model.config, graphPath: model.graph, batch: batching.batch, lanes: threads ?? LanePool.coreCount)
      Output.write(
        json ? InspectionText.object(inspection, program: program) : InspectionText.page(inspection, program: program))
    }
  }
}
