import Kernels

/// A program made ready for one batch size: order, tiles, and a place in memory for every value, all decided beforehand.
///
/// - SeeAlso: ``Executor``, which runs it without allocating.
public struct Plan: Sendable {
  /// What a plan is made for.
  public struct Options: Hashable, Sendable {
    /// The number of threads that work on tiles.
    public var lanes: Int
    /// The examples per tile, or `nil` to choose from the working set.
    public var tile: Int?
    /// The most memory a plan may take, in bytes; a graph that asks for more is refused.
    public var memoryLimit = 8 << 30
    /// Whether lanes share the work however short it is, also where threads cost more than they gain.
    package var sharesShortWork = false

    /// Options for `lanes` threads.
    public init(lanes: Int, tile: Int? = nil) {
      self.lanes = lanes
      self.tile = tile
    }
  }

  /// Where a value lives.
  enum Place: Hashable, Sendable {
    /// Where the caller keeps the input.
    case input(Int)
    /// In the arena that all lanes see, at a byte offset.
    case shared(Int)
    /// In each lane's own arena, at a byte offset.
    case lane(Int)
  }

  /// One primitive to run.
  struct Instruction: Sendable {
    var primitive: any Primitive
    /// Where its operands' numbers start in ``Plan/slots``; its results' follow.
    var firstSlot: Int
    var operandCount: Int
    var resultCount: Int
    /// Whether the results of tiles are added up.
    var isSum: Bool
    /// The node of the program.
    var node: Int
    /// How lanes share it, if it runs over the whole batch and is worth it.
    var partition: Partition?
  }

  /// A value of which a tile sees a range of examples.
  struct TiledValue: Sendable {
    var value: Int
    var axis: Int
    /// The extent along the axis for each example of the tile.
    var batches: Int
    /// How far apart examples are in memory, in bytes, if the value is kept for the whole batch; otherwise zero.
    var byteStride: Int
  }

  /// A sum over tiles: each lane has its own, all but the first in their arenas.
  struct Accumulator: Sendable {
    var value: Int
    var laneOffset: Int
  }

  /// Instructions that run over the whole batch, or tile by tile.
  package struct Stage: Sendable {
    package var number: Int
    package var instructions: Range<Int>
    var tiledValues: [TiledValue] = []
    var accumulators: [Accumulator] = []

    package var isTiled: Bool { BatchSchedule.isTiled(number) }
  }

  /// The program, rewritten to take fewer passes over memory.
  public let program: Program
  /// The number of examples in the batch.
  public let batch: Int
  /// The number of threads that work on tiles.
  public let lanes: Int
  /// The examples per tile, the last one may have fewer.
  public let tile: Int
  /// What one run computes, in floating-point operations, or the largest integer if they are more.
  public let operationCount: Int
  /// Which nodes need the whole batch although their operands depend on examples; they run on one lane.
  public let wholeBatchNodes: [Int]

  package let stages: [Stage]
  let instructions: [Instruction]
  let slots: [Int32]
  let places: [Place]
  let dimensions: [Dimensions]
  /// For each value whether tiles see a range of its examples; otherwise they see all of it.
  let hasExamples: [Bool]
  let sharedByteCount: Int
  let laneByteCount: Int
  let scratchByteCount: Int

  /// The memory a run takes, in bytes, inputs excluded.
  public var arenaByteCount: Int { sharedByteCount + lanes * (laneByteCount + scratchByteCount) }

  /// The number of tiles.
  public var tileCount: Int { (batch + tile - 1) / tile }

  /// The number of primitives that run in every step.
  public var instructionCount: Int {
    stages.reduce(0) { $0 + ($1.number == BatchSchedule.setup ? 0 : $1.instructions.count) }
  }

  /// The number of primitives that run over the whole batch, each lane a part.
  package var partitionCount: Int { instructions.count { $0.partition != nil } }

  /// Plans `program` for batches of `batch` examples.
  ///
  /// - Throws: ``PlanError`` if a shape is impossible at this batch size, or the memory limit is exceeded.
  public init(_ program: Program, batch: Int, options: Options) throws(PlanError) {
    precondition(batch > 0 && options.lanes > 0, "a batch of \(batch) on \(options.lanes) lanes")
    let program = program.fused(batch: batch)
    var schedule = BatchSchedule(program)
    let dimensions = try Self.dimensions(of: program, batch: batch, limit: options.memoryLimit)
    let cost = PlanCost(program, schedule, dimensions)
    let lanes = cost.isWorthSharing || options.sharesShortWork ? options.lanes : 1
    var partitions = [Partition?](repeating: nil, count: program.nodes.count)
    if lanes > 1 {
      for index in program.nodes.indices where cost.isWorthSharing(index) || options.sharesShortWork {
        partitions[index] = Partition(index, of: program, dimensions)
      }
      let divided = program.nodes.indices.filter {
        partitions[$0] != nil
          && Partition.isBetterThanTiles($0, of: program, dimensions, schedule, orFew: options.sharesShortWork)
      }
      schedule = BatchSchedule(program, divided: Set(divided))
    }

    var layout = MemoryLayoutPlan(program, schedule, dimensions, batch: batch)
    let tile =
      options.tile.map { min($0, batch) }
      ?? layout.chooseTile(lanes: lanes)
    layout.assign(tile: tile, accumulatesApart: lanes > 1)
    let scratchByteCount = program.nodes.reduce(0) { largest, node in
      max(
        largest,
        node.primitive.scratchByteCount(node.operands.map { dimensions[$0] }, node.results.map { dimensions[$0] }))
    }
    let byteCount = layout.sharedByteCount + lanes * (layout.laneByteCount + scratchByteCount)
    guard byteCount <= options.memoryLimit else {
      throw .memory(byteCount: byteCount, scratch: lanes * scratchByteCount, limit: options.memoryLimit)
    }

    self.program = program
    self.batch = batch
    self.lanes = lanes
    self.tile = tile
    self.dimensions = dimensions
    operationCount = cost.operationCount
    wholeBatchNodes = schedule.wholeBatchNodes
    hasExamples = schedule.axes.map { $0 != nil }
    stages = layout.stages
    places = layout.places
    sharedByteCount = layout.sharedByteCount
    laneByteCount = layout.laneByteCount
    self.scratchByteCount = scratchByteCount

    var slots: [Int32] = []
    instructions = layout.order.map { index in
      let node = program.nodes[index]
      defer { slots += (node.operands + Array(node.results)).map { Int32($0) } }
      return Instruction(
        primitive: node.primitive, firstSlot: slots.count, operandCount: node.operands.count,
        resultCount: node.results.count, isSum: schedule.roles[index] == .sum, node: index,
        partition: schedule.stages[index] >= 0 && schedule.roles[index] == .whole ? partitions[index] : nil)
    }
    self.slots = slots
  }

  private static func dimensions(
    of program: Program, batch: Int, limit: Int
  ) throws(PlanError) -> [Dimensions] {
    let producers = program.producers
    return try program.types.enumerated().map { (value, type) throws(PlanError) in
      let label = producers[value].map { program.nodes[$0].label } ?? program.inputs[value].name
      guard let dimensions = type.shape.dimensions(batch: batch) else {
        throw .shape(label: label, type: type, batch: batch)
      }
      let (byteCount, overflow) = dimensions.count.multipliedReportingOverflow(by: type.dtype.byteCount)
      guard !overflow, byteCount <= limit else {
        throw .value(label: label, type: type, batch: batch, limit: limit)
      }
      return dimensions
    }
  }
}

/// A program cannot be run at a batch size.
public enum PlanError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A shape has a negative extent, or more elements than can be counted.
  case shape(label: String, type: TensorType, batch: Int)
  /// A single value exceeds the memory limit.
  case value(label: String, type: TensorType, batch: Int, limit: Int)
  /// All values, and the scratch of all lanes, together exceed the memory limit.
  case memory(byteCount: Int, scratch: Int, limit: Int)
  /// The system has not as much memory as the plan takes.
  case noMemory(byteCount: Int)

  public var description: String {
    switch self {
    case .shape(let label, let type, let batch): "node '\(label)': \(type) is impossible for a batch of \(batch)"
    case .value(let label, let type, let batch, let limit):
      "node '\(label)': \(type) for a batch of \(batch) exceeds the memory limit of \(limit >> 20) MiB"
    case .memory(let byteCount, let scratch, let limit):
      "the graph needs \(byteCount >> 20) MiB\(scratch > 0 ? ", with \(scratch >> 20) MiB of scratch" : ""), "
        + "more than the memory limit of \(limit >> 20) MiB"
    case .noMemory(let byteCount): "the graph needs \(byteCount >> 20) MiB, more than the system has"
    }
  }
}
