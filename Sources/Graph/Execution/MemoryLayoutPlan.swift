import Kernels

/// Decides for every value of a program where it lives: stage by stage, in order of execution, using memory again.
struct MemoryLayoutPlan {
  private let program: Program
  private let schedule: BatchSchedule
  private let dimensions: [Dimensions]
  private let batch: Int
  /// The value whose memory each value is: itself unless it is an alias.
  private let roots: [Int]
  /// For each root the position in ``order`` behind which its memory is free; outputs are never free.
  private let lastUses: [Int]
  /// For each node its position in ``order``, or -1 if it is an alias.
  private let positions: [Int]
  /// For each root whether it lives in a lane: made and used by tiles of one stage only.
  private let staysInLane: [Bool]

  /// The nodes that are computed, in order of execution.
  let order: [Int]
  private(set) var stages: [Plan.Stage] = []
  private(set) var places: [Plan.Place]
  private(set) var sharedByteCount = 0
  private(set) var laneByteCount = 0

  init(_ program: Program, _ schedule: BatchSchedule, _ dimensions: [Dimensions], batch: Int) {
    self.program = program
    self.schedule = schedule
    self.dimensions = dimensions
    self.batch = batch
    places = program.types.indices.map { $0 < program.inputs.count ? .input($0) : .shared(-1) }

    var roots = Array(program.types.indices)
    for node in program.nodes where node.primitive.memory == .alias {
      roots[node.results.lowerBound] = roots[node.operands[0]]
    }
    let computed = program.nodes.indices.filter { program.nodes[$0].primitive.memory != .alias }
    // A stable sort by stage keeps the program's order within one.
    let order = computed.sorted { (schedule.stages[$0], $0) < (schedule.stages[$1], $1) }
    var positions = [Int](repeating: -1, count: program.nodes.count)
    for (position, node) in order.enumerated() { positions[node] = position }

    var lastUses = [Int](repeating: -1, count: program.types.count)
    var staysInLane = [Bool](repeating: false, count: program.types.count)
    for (position, index) in order.enumerated() {
      let node = program.nodes[index]
      for result in node.results {
        lastUses[result] = position
        staysInLane[result] = schedule.roles[index] == .perExample
      }
      let stage = schedule.stages[index]
      for operand in node.operands {
        let root = roots[operand]
        lastUses[root] = max(lastUses[root], position)
        if root >= program.inputs.count, schedule.roles[index] == .whole { staysInLane[root] = false }
      }
      for operand in node.operands where staysInLane[roots[operand]] {
        // Compare with the stage of the node that made the root; results of nodes are numbered in the program's order.
        if let producer = program.node(making: roots[operand]), schedule.stages[producer] != stage {
          staysInLane[roots[operand]] = false
        }
      }
    }
    for output in program.outputs {
      lastUses[roots[output.value]] = .max
      staysInLane[roots[output.value]] = false
    }
    for index in computed where schedule.stages[index] == BatchSchedule.setup {
      for result in program.nodes[index].results { lastUses[result] = .max }
    }
    self.roots = roots
    self.order = order
    self.positions = positions
    self.lastUses = lastUses
    self.staysInLane = staysInLane
  }

  private func byteCount(_ value: Int, tile: Int? = nil) -> Int {
    let whole = dimensions[value].count * program.types[value].dtype.byteCount
    guard let tile, schedule.axes[value] != nil else { return whole }
    return whole / batch * tile
  }

  /// The examples per tile: enough that a tile moves more than the sums it adds to, few enough that its values stay in the
  /// core's second-level cache, and as many tiles as lanes can share evenly.
  func chooseTile(lanes: Int) -> Int {
    let sample = min(batch, 64)
    var perExample = 0.0
    var sums = 0
    for stage in stageRanges where BatchSchedule.isTiled(stage.number) {
      let (used, accumulators) = layOutLane(stage.positions, tile: sample, accumulatesApart: false) { _, _ in }
      perExample = max(perExample, Double(used) / Double(sample))
      sums = max(sums, accumulators)
    }
    guard perExample > 0 else { return batch }
    let cache = 512.0 * 1024
    let sumsPerExample = Double(sums) / perExample
    // vgg takes 2 % less time with 4 than with 2 at 1024 examples, which is as good as 10; lenet and vgg a sixth less
    // with tiles of 16 than with 4 or 8 at 32; other models do not notice.
    let tile = max(
      1, (cache / perExample).rounded(.down), (4 * sumsPerExample).rounded(.down),
      min(16, (16 * sumsPerExample).rounded(.down)))
    let rounds = max(1, (Double(batch) / (tile * Double(lanes))).rounded(.up))
    return min(batch, Int((Double(batch) / (rounds * Double(lanes))).rounded(.up)))
  }

  /// Gives every value its place for tiles of `tile` examples.
  mutating func assign(tile: Int, accumulatesApart: Bool) {
    stages = []
    var shared = ArenaAllocator()
    for range in stageRanges {
      var stage = Plan.Stage(number: range.number, instructions: range.positions)
      if stage.isTiled {
        layOutSharedResults(range.positions, &shared)
        var places: [(Int, Int)] = []
        let (used, _) = layOutLane(range.positions, tile: tile, accumulatesApart: accumulatesApart) { value, offset in
          places.append((value, offset))
        }
        for (value, offset) in places {
          if staysInLane[value] {
            self.places[value] = .lane(offset)
          } else {
            stage.accumulators.append(Plan.Accumulator(value: value, laneOffset: offset))
          }
        }
        laneByteCount = max(laneByteCount, used)
        releaseShared(usedUpTo: range.positions.upperBound - 1, from: range.positions.lowerBound, &shared)
      } else {
        layOutWhole(range.positions, &shared)
      }
      stages.append(stage)
    }
    sharedByteCount = shared.byteCount
    for value in program.types.indices where roots[value] != value { places[value] = places[roots[value]] }
    for index in stages.indices where stages[index].isTiled { collectTiledValues(&stages[index]) }
  }

  private var stageRanges: [(number: Int, positions: Range<Int>)] {
    var ranges: [(number: Int, positions: Range<Int>)] = []
    for (position, node) in order.enumerated() {
      if ranges.last?.number == schedule.stages[node] {
        ranges[ranges.count - 1].positions = ranges[ranges.count - 1].positions.lowerBound..<position + 1
      } else {
        ranges.append((schedule.stages[node], position..<position + 1))
      }
    }
    return ranges
  }

  /// Places results of tiles that are kept for the whole batch, and sums.
  private mutating func layOutSharedResults(_ positions: Range<Int>, _ shared: inout ArenaAllocator) {
    for position in positions {
      for result in program.nodes[order[position]].results where !staysInLane[result] {
        places[result] = .shared(shared.take(byteCount(result)))
      }
    }
  }

  /// Gives back what is in the shared arena and last used in `first...last`.
  private func releaseShared(usedUpTo last: Int, from first: Int, _ shared: inout ArenaAllocator) {
    for value in program.inputs.count..<program.types.count where roots[value] == value {
      guard lastUses[value] >= first, lastUses[value] <= last, case .shared(let offset) = places[value], offset >= 0
      else { continue }
      shared.giveBack(byteCount(value), at: offset)
    }
  }

  /// Places results of nodes that run over the whole batch, one after the other.
  private mutating func layOutWhole(_ positions: Range<Int>, _ shared: inout ArenaAllocator) {
    for position in positions {
      let node = program.nodes[order[position]]
      let reused = operandToOverwrite(node, at: position) { value in
        if case .shared = places[value] { return true }
        return false
      }
      for result in node.results {
        if let reused, result == node.results.lowerBound {
          places[result] = places[reused]
        } else {
          places[result] = .shared(shared.take(byteCount(result)))
        }
      }
      for value in Set(node.operands.map { roots[$0] } + Array(node.results)).sorted() {
        guard value != reused, lastUses[value] == position, case .shared(let offset) = places[value] else { continue }
        shared.giveBack(byteCount(value), at: offset)
      }
    }
  }

  /// Places what one lane keeps in a stage; `place` is told each value and its offset.
  ///
  /// - Returns: The bytes used, without those of sums where `accumulatesApart` is false, and the bytes of the sums.
  private func layOutLane(
    _ positions: Range<Int>, tile: Int, accumulatesApart: Bool, place: (Int, Int) -> Void
  ) -> (byteCount: Int, sums: Int) {
    var lane = ArenaAllocator()
    var sums = 0
    for position in positions where schedule.roles[order[position]] == .sum {
      for result in program.nodes[order[position]].results {
        sums += byteCount(result)
        if accumulatesApart { place(result, lane.take(byteCount(result))) }
      }
    }
    var offsets: [Int: Int] = [:]
    for position in positions {
      let node = program.nodes[order[position]]
      let reused = operandToOverwrite(node, at: position) { offsets[$0] != nil }
      for result in node.results where staysInLane[result] {
        let isReusing = reused != nil && result == node.results.lowerBound
        let offset = isReusing ? offsets[reused!]! : lane.take(byteCount(result, tile: tile))
        offsets[result] = offset
        place(result, offset)
      }
      for value in Set(node.operands.map { roots[$0] } + Array(node.results)).sorted() {
        guard value != reused || !staysInLane[node.results.lowerBound], lastUses[value] == position,
          let offset = offsets[value]
        else { continue }
        lane.giveBack(byteCount(value, tile: tile), at: offset)
      }
    }
    return (lane.byteCount, sums)
  }

  /// The operand over which an elementwise node may write its result: of its size, and needed by nobody else.
  private func operandToOverwrite(_ node: Program.Node, at position: Int, isOwned: (Int) -> Bool) -> Int? {
    guard node.primitive.memory == .elementwise else { return nil }
    let result = node.results.lowerBound
    guard staysInLane[result] || schedule.roles[order[position]] == .whole else { return nil }
    let size = program.types[result].dtype.byteCount
    for operand in node.operands {
      let root = roots[operand]
      guard isOwned(root), lastUses[root] == position, program.types[operand].dtype.byteCount == size,
        dimensions[operand].count == dimensions[result].count,
        schedule.axes[operand] == nil && schedule.axes[result] == nil
          || schedule.axes[operand] != nil && schedule.axes[result] != nil,
        node.operands.allSatisfy({ roots[$0] != root || dimensions[$0].count == dimensions[result].count })
      else { continue }
      return root
    }
    return nil
  }

  /// Lists the values of which tiles of `stage` see a range of examples.
  private func collectTiledValues(_ stage: inout Plan.Stage) {
    var seen = Set<Int>()
    for position in stage.instructions {
      let node = program.nodes[order[position]]
      for value in node.operands + Array(node.results) where seen.insert(value).inserted {
        guard let axis = schedule.axes[value] else { continue }
        var byteStride = byteCount(value) / batch
        if case .lane = places[value] { byteStride = 0 }
        stage.tiledValues.append(
          Plan.TiledValue(
            value: value, axis: axis, batches: program.types[value].shape[axis].batches, byteStride: byteStride))
      }
    }
  }
}
