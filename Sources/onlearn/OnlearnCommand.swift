import ArgumentParser
import CAllocationCounter
import Kernels

/// The command-line tool: each subcommand parses, validates and calls.
@main
struct OnlearnCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onlearn",
    abstract: "Trains exported TensorFlow graphs from a live stream while they serve.",
    version: "0.1.0",
    subcommands: [
      InspectCommand.self, RunCommand.self, CheckCommand.self, TrainCommand.self, ScoreCommand.self, ServeCommand.self,
      UpCommand.self, PsCommand.self, ParametersCommand.self, BenchCommand.self, ProfileCommand.self,
    ])

  static func main() async {
    onlearn_keep_freed_memory()
    // Now, as it may change the environment for a moment, which other threads read.
    BLASCore.prepare()
    await main(nil)
  }
}
