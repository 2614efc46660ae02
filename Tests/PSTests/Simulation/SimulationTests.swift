import Foundation
import Testing

/// Servers, workers, a scheduler, a network and disks in one thread and virtual time, where everything goes wrong that a
/// seed says. `SIMULATION_SEED=N` prints what happens in one of them; `make soak` runs 20,000.
@Suite struct `A simulated cluster` {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seeds: Range<UInt64> = {
    if let seed = environment["SIMULATION_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
    return 0..<(environment["SOAK"] == nil ? 100 : 20_000)
  }()

  @Test(arguments: seeds)
  func `applies every batch once, whatever befalls it, and the same way each time`(_ seed: UInt64) {
    let isTraced = Self.environment["SIMULATION_SEED"] != nil
    let (problems, fingerprint) = Simulation(seed: seed, isTraced: isTraced).run()
    #expect(problems == [], "seed \(seed)")
    let again = Simulation(seed: seed).run()
    #expect(again.fingerprint == fingerprint, "seed \(seed) has two histories")
  }
}
