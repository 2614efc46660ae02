import ArgumentParser
import GraphDefImport

/// How many examples a command takes together.
struct BatchOptions: ParsableArguments {
  @Option(help: "Examples taken together; by default the configuration's number.")
  var batch: Int?

  func validate() throws { if let batch { try Self.check(batch) } }

  /// Checks that a batch may have so many examples.
  static func check(_ batch: Int) throws {
    guard (1...ModelConfig.maximumBatchSize).contains(batch) else {
      throw ValidationError("--batch must be between 1 and \(ModelConfig.maximumBatchSize).")
    }
  }
}
