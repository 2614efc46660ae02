/// What a run is to parameter servers: one of several workers that share the examples.
public struct WorkerPart: Hashable, Sendable {
  /// Which worker it is, from 0.
  public let rank: Int
  /// How many workers there are.
  public let workers: Int
  /// What tells the run's stream from other runs' streams with the same source; `nil` for the one that is continued from
  /// run to run.
  public let run: String?

  /// The part of the worker `rank` of `workers` in the run `run`.
  public init(rank: Int = 0, of workers: Int = 1, run: String?) {
    precondition(0..<workers ~= rank, "worker \(rank) of \(workers)")
    (self.rank, self.workers, self.run) = (rank, workers, run)
  }

  /// What the worker sees of `source`, `block` examples at a time: everything if it is alone, or if the source is another
  /// one for each worker.
  func share(of source: any DataSource, block: Int) -> any DataSource {
    workers == 1 || source.isLive ? source : PartOfSource(source, part: rank, of: workers, block: block)
  }

  /// The name of the stream that is read from `source`.
  func streamName(of source: any DataSource) -> String {
    let name = workers > 1 && source.isLive ? "\(source.name) worker \(rank) of \(workers)" : source.name
    return run.map { "\(name) run \($0)" } ?? name
  }
}
