public import Graph
public import Kernels

/// Runs one program at any batch size: keeps a plan and an executor for each size that was used lately, as long as they
/// do not take much memory together.
///
/// Used by one thread at a time.
public final class ProgramRunner {
  /// The program.
  public let program: Program
  private let pool: LanePool
  private let options: Plan.Options
  private let byteLimit: Int
  /// The size that was used last comes first.
  private var executors: [(batch: Int, executor: Executor)] = []

  /// The most batch sizes that are kept ready.
  private static let capacity = 8

  /// A runner of `program` on the threads of `pool`.
  ///
  /// - Parameter byteLimit: The most memory of batch sizes that are kept ready. The size that was used last is kept
  ///   whatever it takes, as the next batch may have it too.
  public init(_ program: Program, pool: LanePool, tile: Int? = nil, byteLimit: Int = 512 << 20) {
    self.program = program
    self.pool = pool
    self.byteLimit = byteLimit
    options = Plan.Options(lanes: pool.laneCount, tile: tile)
  }

  /// The executor for batches of `batch` examples, planned on first use.
  ///
  /// - Throws: `PlanError` or `ExecutionFailure` if the program cannot be run at this size.
  public func executor(batch: Int) throws -> Executor {
    if let index = executors.firstIndex(where: { $0.batch == batch }) {
      let entry = executors[index]
      if index > 0 {
        executors.remove(at: index)
        executors.insert(entry, at: 0)
      }
      return entry.executor
    }
    let plan = try Plan(program, batch: batch, options: options)
    makeRoom(for: plan)
    let executor = try Executor(plan, pool: pool)
    executors.insert((batch, executor), at: 0)
    return executor
  }

  /// Lets go of the sizes that were used longest ago, until there is room for `plan` too.
  private func makeRoom(for plan: Plan) {
    var byteCount = executors.reduce(plan.arenaByteCount) { $0 + $1.executor.plan.arenaByteCount }
    while let oldest = executors.last, executors.count == Self.capacity || byteCount > byteLimit {
      byteCount -= oldest.executor.plan.arenaByteCount
      executors.removeLast()
    }
  }
}
