public import Kernels

/// Runs a ``Plan``: owns its arenas, and lends its results until the next run.
///
/// A run allocates nothing. An executor is used by one thread at a time.
@safe public final class Executor {
  /// The plan.
  public let plan: Plan
  let pool: LanePool
  private let shared: AlignedMemory
  private let laneMemory: [AlignedMemory]
  let scratch: [AlignedMemory]
  // Safety: the tables are allocated for the executor's lifetime; `TensorViews` index them with the plan's slots, which
  // are numbers of values; each lane writes its own table only.
  let wholeViews: UnsafeMutablePointer<TensorView>
  private let laneViews: [UnsafeMutablePointer<TensorView>]
  /// What each lane sees of the values of an instruction that all lanes share.
  let partViews: [UnsafeMutablePointer<TensorView>]
  let slots: UnsafeMutablePointer<Int32>
  /// For each input the values that share its memory.
  private let aliases: [[Int]]
  private var isBound: [Bool]
  private let isUsed: [Bool]
  var failures: [ExecutionFailure?]
  private(set) var context: ExecutionContext
  /// What collects the times of instructions, if somebody asks for them.
  package var profile: ExecutionProfile?

  /// An executor of `plan` on the threads of `pool`, which has at least as many lanes.
  ///
  /// - Throws: ``PlanError/noMemory(byteCount:)`` if the system has not as much memory as the plan takes,
  ///   ``ExecutionFailure`` if a constant part of the program cannot be computed.
  public init(_ plan: Plan, pool: LanePool) throws {
    precondition(pool.laneCount >= plan.lanes, "\(pool.laneCount) lanes for a plan of \(plan.lanes)")
    self.plan = plan
    self.pool = pool
    shared = try Self.memory(plan.sharedByteCount, for: plan)
    laneMemory = try (0..<plan.lanes).map { _ in try Self.memory(plan.laneByteCount, for: plan) }
    scratch = try (0..<plan.lanes).map { _ in try Self.memory(plan.scratchByteCount, for: plan) }
    let program = plan.program
    unsafe slots = .allocate(capacity: max(plan.slots.count, 1))
    for (index, slot) in plan.slots.enumerated() { unsafe slots[index] = slot }
    let whole = unsafe Self.makeViews(plan, shared: shared, lane: nil)
    unsafe wholeViews = whole
    var tables: [UnsafeMutablePointer<TensorView>] = unsafe []
    for lane in laneMemory { unsafe tables.append(Self.makeViews(plan, shared: shared, lane: lane)) }
    unsafe laneViews = tables
    let partLanes = plan.instructions.contains { $0.partition != nil } ? plan.lanes : 0
    unsafe tables.removeAll()
    for _ in 0..<partLanes { unsafe tables.append(Self.makeViews(plan, shared: shared, lane: nil)) }
    unsafe partViews = tables
    var aliases = [[Int]](repeating: [], count: program.inputs.count)
    for (value, place) in plan.places.enumerated() {
      if case .input(let input) = place { aliases[input].append(value) }
    }
    self.aliases = aliases
    isUsed = program.usedInputs
    isBound = isUsed.map { !$0 }
    failures = Array(repeating: nil, count: plan.lanes)
    context = ExecutionContext(batch: plan.batch)
    context.scratch = scratch[0]
    try Denormals.flushed { () throws(ExecutionFailure) in
      for stage in plan.stages where stage.number == BatchSchedule.setup { try runWhole(stage) }
    }
  }

  deinit {
    unsafe wholeViews.deallocate()
    for lane in 0..<plan.lanes { unsafe laneViews[lane].deallocate() }
    for lane in unsafe partViews.indices { unsafe partViews[lane].deallocate() }
    unsafe slots.deallocate()
  }

  private static func memory(_ byteCount: Int, for plan: Plan) throws(PlanError) -> AlignedMemory {
    guard let memory = AlignedMemory(ifAvailable: byteCount) else { throw .noMemory(byteCount: plan.arenaByteCount) }
    return memory
  }

  @unsafe private static func makeViews(
    _ plan: Plan, shared: AlignedMemory, lane: AlignedMemory?
  ) -> UnsafeMutablePointer<TensorView> {
    let count = plan.program.types.count
    let views = UnsafeMutablePointer<TensorView>.allocate(capacity: max(count, 1))
    for value in 0..<count {
      let address =
        switch plan.places[value] {
        case .shared(let offset): unsafe shared.address(at: max(offset, 0))
        case .lane(let offset): unsafe (lane ?? shared).address(at: lane == nil ? 0 : offset)
        case .input: unsafe shared.address(at: 0)
        }
      unsafe (views + value).initialize(
        to: TensorView(plan.program.types[value].dtype, plan.dimensions[value], at: address))
    }
    return unsafe views
  }

  /// The extents that the input number `input` has in the plan's batch.
  public func dimensions(ofInput input: Int) -> Dimensions { plan.dimensions[input] }

  /// Lends `view` as the input number `input`, until another is lent.
  ///
  /// - Throws: ``BindingError`` if it has not the input's type for the plan's batch.
  public func bind(_ view: TensorView, to input: Int) throws(BindingError) {
    let type = plan.program.types[input]
    guard view.dtype == type.dtype, view.dimensions == plan.dimensions[input] else {
      throw BindingError(
        input: plan.program.inputs[input].name, expected: "\(type.dtype)\(plan.dimensions[input])",
        found: "\(view.dtype)\(view.dimensions)")
    }
    isBound[input] = true
    for value in aliases[input] {
      unsafe wholeViews[value].address = view.address
      unsafe wholeViews[value].rowStride = value == input ? view.rowStride : wholeViews[value].rowLength
      for lane in 0..<plan.lanes {
        unsafe laneViews[lane][value].address = view.address
        unsafe laneViews[lane][value].rowStride = wholeViews[value].rowStride
      }
    }
  }

  /// The output number `output` of the last run; lent until the next.
  public func output(_ output: Int) -> TensorView { unsafe wholeViews[plan.program.outputs[output].value] }

  /// Runs the program once on what is bound; numbers too small for the normal form count as zero.
  ///
  /// - Parameters:
  ///   - seed: The seed of random primitives.
  ///   - step: The number of the step, which random primitives depend on too.
  /// - Throws: ``ExecutionFailure`` if a primitive cannot be applied to the data; outputs are then not to be used.
  public func run(seed: UInt64 = 0, step: UInt64 = 0) throws(ExecutionFailure) {
    for (input, isBound) in isBound.enumerated() {
      precondition(isBound, "the input '\(plan.program.inputs[input].name)' is not bound")
    }
    context.seed = seed
    context.step = step
    let start = profile == nil ? 0 : MonotonicClock.nanoseconds
    try Denormals.flushed { () throws(ExecutionFailure) in
      for stage in plan.stages where stage.number != BatchSchedule.setup {
        if stage.isTiled { try runTiled(stage) } else { try runWhole(stage) }
      }
    }
    profile?.countRun(MonotonicClock.nanoseconds - start)
  }

  private func runWhole(_ stage: Plan.Stage) throws(ExecutionFailure) {
    let profile = profile
    var time = profile == nil ? 0 : MonotonicClock.nanoseconds
    for index in stage.instructions {
      if let partition = plan.instructions[index].partition {
        try runPartitioned(index, partition)
      } else {
        do { try unsafe execute(index, wholeViews, context) } catch { throw failure(index, error) }
      }
      if let profile { time = profile.add(since: time, to: index, lane: 0) }
    }
  }

  private func runTiled(_ stage: Plan.Stage) throws(ExecutionFailure) {
    let busyLanes = min(plan.lanes, plan.tileCount)
    if busyLanes == 1 {
      runTiles(stage, lane: 0, of: 1)
    } else {
      pool.run(Tiles(executor: self, stage: stage, lanes: busyLanes))
    }
    try throwFailure()
    if busyLanes > 1, !stage.accumulators.isEmpty {
      pool.run(Sums(executor: self, stage: stage, lanes: busyLanes))
    }
  }

  /// Throws the first lane's failure, if a lane failed.
  func throwFailure() throws(ExecutionFailure) {
    guard let failure = failures.lazy.compactMap(\.self).first else { return }
    for lane in failures.indices { failures[lane] = nil }
    throw failure
  }

  /// The tiles of a stage as work for lanes.
  private struct Tiles: LaneWork {
    let executor: Executor
    let stage: Plan.Stage
    let lanes: Int

    func run(lane: Int) {
      if lane < lanes { executor.runTiles(stage, lane: lane, of: lanes) }
    }
  }

  /// The sums over the lanes' sums as work for lanes.
  private struct Sums: LaneWork {
    let executor: Executor
    let stage: Plan.Stage
    let lanes: Int

    func run(lane: Int) {
      if lane < lanes { executor.addUp(stage, share: lane, of: lanes) }
    }
  }

  /// Runs the tiles of `lane`: as many consecutive ones as every other lane, so that sums have a fixed order.
  private func runTiles(_ stage: Plan.Stage, lane: Int, of lanes: Int) {
    let views = unsafe laneViews[lane]
    for accumulator in stage.accumulators { unsafe views[accumulator.value].address = sum(accumulator, lane: lane) }
    // Later stages read the total.
    defer {
      for accumulator in stage.accumulators { unsafe views[accumulator.value].address = sum(accumulator, lane: 0) }
    }
    var context = context
    context.scratch = scratch[lane]
    let tiles = plan.tileCount * lane / lanes..<plan.tileCount * (lane + 1) / lanes
    let profile = profile
    for tile in tiles {
      let first = tile * plan.tile
      let count = min(plan.tile, plan.batch - first)
      context.firstExample = first
      for tiled in stage.tiledValues {
        unsafe views[tiled.value].dimensions[tiled.axis] = tiled.batches * count
        if tiled.axis > 0 { unsafe views[tiled.value].rowStride = views[tiled.value].rowLength }
        if tiled.byteStride > 0 {
          unsafe views[tiled.value].address = wholeViews[tiled.value].address + first * tiled.byteStride
        }
      }
      var time = profile == nil ? 0 : MonotonicClock.nanoseconds
      for index in stage.instructions {
        context.accumulates = plan.instructions[index].isSum && tile != tiles.lowerBound
        do {
          try unsafe execute(index, views, context)
        } catch {
          failures[lane] = failure(index, error, firstExample: first)
          return
        }
        if let profile { time = profile.add(since: time, to: index, lane: lane) }
      }
    }
  }

  func execute(
    _ index: Int, _ views: UnsafeMutablePointer<TensorView>, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let instruction = plan.instructions[index]
    let first = unsafe slots + instruction.firstSlot
    let operands = unsafe TensorViews(table: views, slots: first, count: instruction.operandCount)
    let results = unsafe TensorViews(
      table: views, slots: first + instruction.operandCount, count: instruction.resultCount)
    try instruction.primitive.forward(operands, into: results, context)
  }

  /// Where `lane` sums: the first one where the total will be, all others in memory of their own.
  @unsafe private func sum(_ accumulator: Plan.Accumulator, lane: Int) -> UnsafeMutableRawPointer {
    guard lane > 0 else { return unsafe wholeViews[accumulator.value].address }
    return unsafe laneMemory[lane].address(at: accumulator.laneOffset)
  }

  /// Adds the other lanes' sums to the first lane's, each lane a share of the elements, in the order of the lanes.
  private func addUp(_ stage: Plan.Stage, share: Int, of lanes: Int) {
    for accumulator in stage.accumulators {
      let total = unsafe wholeViews[accumulator.value]
      let count = total.count
      let range = count * share / lanes..<count * (share + 1) / lanes
      for lane in 1..<lanes {
        // Safety: the lane summed there in this stage, and nothing has used its memory since.
        let addend = unsafe TensorView(total.dtype, total.dimensions, at: sum(accumulator, lane: lane))
        switch total.dtype {
        case .float32: Elementwise.add(addend.scalars(Float.self)[range], into: total.scalars(Float.self)[range])
        case .float64: Elementwise.add(addend.scalars(Double.self)[range], into: total.scalars(Double.self)[range])
        case .int32: Elementwise.add(addend.scalars(Int32.self)[range], into: total.scalars(Int32.self)[range])
        case .int64: Elementwise.add(addend.scalars(Int64.self)[range], into: total.scalars(Int64.self)[range])
        case .bool: preconditionFailure("a sum of truth values")
        }
      }
    }
  }

  func failure(
    _ index: Int, _ error: ExecutionError, firstExample: Int = 0
  ) -> ExecutionFailure {
    let node = plan.program.nodes[plan.instructions[index].node]
    return ExecutionFailure(
      label: node.label, primitive: node.primitive.name, firstExample: firstExample, error: error)
  }
}

/// A primitive could not be applied to the data of a run.
public struct ExecutionFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The node of the imported graph that the primitive comes from.
  public var label: String
  /// The primitive.
  public var primitive: String
  /// The first example of the tile in which it happened; positions in the error count from it.
  public var firstExample: Int
  /// What was found.
  public var error: ExecutionError

  public var description: String {
    let place = firstExample > 0 ? " (counted from example \(firstExample))" : ""
    return "node '\(label)' (\(primitive)): \(error)\(place)"
  }
}

/// A tensor that was lent as an input has another type than the input.
public struct BindingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The input.
  public var input: String
  /// The type it has.
  public var expected: String
  /// The type that was lent.
  public var found: String

  public var description: String { "'\(input)' is \(expected), found \(found)" }
}

extension AlignedMemory {
  /// The address of the byte at `offset`.
  @unsafe fileprivate func address(at offset: Int) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(view(of: UInt8.self, at: offset, count: 0).base)
  }
}
