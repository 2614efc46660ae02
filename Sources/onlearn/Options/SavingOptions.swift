import ArgumentParser

/// How often a command saves what it trains.
struct SavingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Save files so often while training, in seconds, by default 30; 0 for only at the end.")
  var saveEvery: Double?

  func validate() throws {
    guard let saveEvery else { return }
    guard saveEvery >= 0, saveEvery <= 86_400 else {
      throw ValidationError("--save-every must not be negative, and at most a day.")
    }
  }

  /// The time between two saves; `nil` for only at the end.
  var interval: Duration? {
    let seconds = saveEvery ?? 30
    return seconds > 0 ? .seconds(seconds) : nil
  }
}
