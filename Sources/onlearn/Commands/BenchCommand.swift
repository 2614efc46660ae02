import ArgumentParser

/// Measures how fast this machine trains.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure training steps, products of matrices, or what servers answer.",
    discussion: "Example: onlearn bench step Models/mlp.json --batch 1024",
    subcommands: [BenchStepCommand.self, BenchScoreCommand.self, BenchPushPullCommand.self, BenchMatmulCommand.self])
}
