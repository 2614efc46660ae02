public import Graph
public import Kernels

/// Runs one program at any batch size: keeps a plan and an executor for each size that was used lately.
///
/// Used by one thread at a time.
public final class ProgramRunner {
  /// The program.
  public let program: Program
  private let pool: LanePool
  private let options: Plan.Options
  private var executors: [(batch: Int, executor: Executor)] = []

  /// The most batch sizes that are kept ready.
  private static let capacity = 8

  /// A runner of `program` on the threads of `pool`.
  public init(_ program: Program, pool: LanePool, tile: Int? = nil) {
    self.program = program
    self.pool = pool
    options = Plan.Options(lanes: pool.laneCount, tile: tile)
  }

  /// The executor for batches of `batch` examples, planned on first use.
  ///
  /// - Throws: `PlanError` or `ExecutionFailure` if the program cannot be run at this size.
  public func executor(batch: Int) throws -> Executor {
    if let index = executors.firstIndex(where: { $0.batch == batch }) {
      // The latest size is looked for first.
      if index != 0 { executors.swapAt(0, index) }
      return executors[0].executor
    }
    let executor = try Executor(Plan(program, batch: batch, options: options), pool: pool)
    if executors.count == Self.capacity { executors.removeLast() }
    executors.insert((batch, executor), at: 0)
    return executor
  }
}
