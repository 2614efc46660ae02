import Graph
import Kernels

extension GraphImport {
  /// The most nodes that the rounds of all loops may have together.
  private static let loopNodeLimit = 1 << 19

  /// The outputs of the loop at `position`: its values after the last round.
  ///
  /// Where the graph alone tells how often a loop runs, its rounds simply follow each other. Otherwise a round is made
  /// for as long as the graph does not rule it out, and counts only where the condition still holds.
  func looped(at position: Int) throws -> [ImportedTensor] {
    let loop = loops[position]!
    var state = LoopState(try index.operands(of: position).map { try tensor($0) })
    while true {
      guard let goesOn = try round(loop.condition, state).first else {
        throw ImportError.Reason.other("its condition has no result")
      }
      if goesOn.truth == false { return state.values }
      if goesOn.truth == nil { try state.goOn(where: singleTruth(goesOn)) }
      let next = try round(loop.body, state)
      guard next.count == state.values.count else {
        throw ImportError.Reason.other("a round makes \(next.count) values of \(state.values.count)")
      }
      try state.advance(to: next, context)
    }
  }

  /// What `function` makes of the values of `state`.
  private func round(_ function: LoopFunction, _ state: LoopState) throws -> [ImportedTensor] {
    context.loopNodeCount += function.order.count
    guard context.loopNodeCount <= Self.loopNodeLimit else {
      throw ImportError.Reason.other(
        "its rounds have more than \(Self.loopNodeLimit) nodes, or their number depends on data alone; "
          + "expected a limit known from the graph, such as maximum_iterations")
    }
    let values = state.running
    guard function.arguments.count == values.count else {
      throw ImportError.Reason.other("a function of \(function.arguments.count) values is given \(values.count)")
    }
    var round = GraphImport(function, request, context)
    for (argument, value) in zip(function.arguments, values) { round.outputs[argument] = [value] }
    try context.builder.within(state.isActive.map { [$0] } ?? []) { try round.makeOutputs(of: function.order) }
    return round.outputs[function.result]!
  }

  private func singleTruth(_ tensor: ImportedTensor) throws -> Value {
    guard case .value(let value) = tensor, value.dtype == .bool, value.shape.count == 1 else {
      throw ImportError.Reason.other("its condition is not a single truth value")
    }
    return try value.reshaped(to: [])
  }
}

/// The values of a loop between two rounds.
private struct LoopState {
  /// What the next round starts from. Known integers, which rounds are counted by, go on even where the loop has ended
  /// for the data; no round counts then.
  private(set) var running: [ImportedTensor]
  /// The values so far.
  private(set) var values: [ImportedTensor]
  /// Whether the loop has not ended yet; `nil` if that is certain.
  private(set) var isActive: Value?

  init(_ values: [ImportedTensor]) {
    running = values
    self.values = values
  }

  /// Ends the loop where `predicate` does not hold.
  mutating func goOn(where predicate: Value) throws {
    isActive = try isActive?.logical(.and, predicate) ?? predicate
  }

  /// Goes on to `next` where the loop has not ended.
  mutating func advance(to next: [ImportedTensor], _ context: ImportContext) throws {
    guard let isActive else {
      (running, values) = (next, next)
      return
    }
    for number in values.indices {
      values[number] = try Self.select(isActive, next[number], values[number], context)
      if case .integers = next[number] { running[number] = next[number] } else { running[number] = values[number] }
    }
  }

  private static func select(
    _ isActive: Value, _ new: ImportedTensor, _ old: ImportedTensor, _ context: ImportContext
  ) throws -> ImportedTensor {
    switch (new, old) {
    case (.variable(let a), .variable(let b)) where a == b: return new
    case (.nothing, _), (.variable, _), (_, .variable): return old
    case (.integers(let a), .integers(let b)) where a == b: return new
    case (.value(let a), .value(let b)) where a == b: return new
    case (.list(let items), .list(let before)):
      return .list(
        try items.enumerated().map { number, item in
          try select(isActive, item, before.indices.contains(number) ? before[number] : .nothing, context)
        })
    case (.list, _), (_, .list): return old
    default: break
    }
    let reader = NodeReader(node: NodeDef("", op: "Select"), operands: [new, old], context: context)
    let a = try reader.operand(0)
    // What was not set reads as zeros.
    if case .nothing = old { return .value(try isActive.selecting(a, reader.zeros(like: a))) }
    let values = try reader.matchingBatch([a, reader.operand(1)])
    guard values[0].type == values[1].type else {
      throw ImportError.Reason.other("a round makes \(values[0].type) of \(values[1].type)")
    }
    return .value(try isActive.selecting(values[0], values[1]))
  }
}

extension NodeReader {
  /// Zeros of the type of `x`.
  func zeros(like x: Value) throws -> Value { try Value.constant(0, x.dtype, in: builder).broadcast(to: x.shape) }
}
