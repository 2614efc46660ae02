import ArgumentParser

/// How often a command saves what it trains.
struct SavingOptions: ParsableArguments {
  @Option(help: "Save files so often while training, in seconds; 0 for only at the end.")
  var saveEvery = 30.0

  func validate() throws {
    guard saveEvery >= 0, saveEvery <= 86_400 else {
      throw ValidationError("--save-every must not be negative, and at most a day.")
    }
  }

  /// The time between two saves; `nil` for only at the end.
  var interval: Duration? { saveEvery > 0 ? .seconds(saveEvery) : nil }
}
