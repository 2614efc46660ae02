import ArgumentParser
import Kernels
import Serve

/// How a command computes.
struct RuntimeOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Threads to compute with; by default one for each core.")
  var threads: Int?

  @Option(parsing: .unconditional, help: "The seed of initial values, of the order of examples and of dropout.")
  var seed: UInt64 = 0

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024.") }
  }

  /// The threads; `notice` is told if they are fewer than asked for.
  func makePool(notice: (String) -> Void = { Output.error("onlearn: \($0)") }) -> LanePool {
    let pool = LanePool(lanes: threads ?? LanePool.coreCount)
    if let text = pool.notice { notice(text) }
    return pool
  }
}
