/// A `While` whose rounds become parts of the program, one behind the other.
struct ImportedLoop: Sendable {
  /// Tells whether there is another round.
  let condition: LoopFunction
  /// What happens in a round.
  let body: LoopFunction

  static let operations: Set<String> = ["While", "StatelessWhile"]

  /// Loops are in loops; functions that call themselves would be without end.
  private static let depthLimit = 6

  /// The loops among the nodes at `positions`, by position; those whose functions are not there are left out.
  static func all(
    in positions: [Int], of importer: GraphDefImporter
  ) throws(GraphImportError) -> [Int: ImportedLoop] {
    var functionCount = 0
    return try all(in: positions, of: importer, depth: 0, &functionCount)
  }

  /// The same at a depth of `depth` loops, where `functionCount` functions are prepared so far.
  fileprivate static func all(
    in positions: [Int], of importer: GraphDefImporter, depth: Int, _ functionCount: inout Int
  ) throws(GraphImportError) -> [Int: ImportedLoop] {
    var found: [Int: ImportedLoop] = [:]
    guard depth < depthLimit else { return found }
    for position in positions where operations.contains(importer.graph.nodes[position].op) {
      let node = importer.graph.nodes[position]
      guard let condition = try LoopFunction("cond", of: node, importer, depth: depth, &functionCount),
        let body = try LoopFunction("body", of: node, importer, depth: depth, &functionCount)
      else { continue }
      found[position] = ImportedLoop(condition: condition, body: body)
    }
    return found
  }
}

/// A function of a loop as a graph of its own, which an import goes through once in each round.
struct LoopFunction: Sendable {
  let importer: GraphDefImporter
  /// Where the arguments are in the graph.
  let arguments: [Int]
  /// The node whose outputs are the results.
  let result: Int
  /// The nodes, each behind those it needs.
  let order: [Int]
  /// The loops within.
  let loops: [Int: ImportedLoop]

  /// The most functions that the loops of one import may have: each is prepared wherever it is used, and loops in loops
  /// use theirs anew, so that a small graph can spell very many.
  private static let countLimit = 4096

  /// The function that the attribute `attribute` of the loop `node` names, or `nil` if there is none.
  fileprivate init?(
    _ attribute: String, of node: NodeDef, _ outer: GraphDefImporter, depth: Int, _ count: inout Int
  ) throws(GraphImportError) {
    guard let reference = node.attributes[attribute]?.function,
      let function = outer.graph.functions.first(where: { $0.name == reference.name })
    else { return nil }
    count += 1
    guard count <= Self.countLimit else {
      let reason = ImportError.Reason.other(
        "with the loops within them, the graph's loops have more than \(Self.countLimit) functions")
      throw .nodes([ImportError(node: node.name, op: node.op, reason: reason)])
    }
    let call = "\(node.name)/\(attribute)"
    let names = function.inputs.indices.map { "\(call)/argument_\($0)" }
    var graph = outer.graph
    graph.nodes = names.map { NodeDef($0, op: "_Arg") }
    graph.nodes.append(
      NodeDef(call, op: "PartitionedCall", inputs: names, attributes: ["f": .function(reference)]))
    importer = try GraphDefImporter(graph, config: outer.config)
    let index = importer.index
    arguments = names.compactMap { index.knownPosition(of: $0) }
    result = try index.position(of: call)
    order = try index.order(from: [result], cutting: Set(arguments)).filter { [arguments] in !arguments.contains($0) }
    loops = try ImportedLoop.all(in: order, of: importer, depth: depth + 1, &count)
  }
}

extension GraphIndex {
  /// The nodes at `positions`, and those of the loops among them, that cannot be imported.
  func unsupportedNodes(
    _ positions: [Int], cutting cuts: Set<Int> = [], loops: [Int: ImportedLoop]
  ) -> [ImportError] {
    positions.flatMap { position -> [ImportError] in
      let node = graph.nodes[position]
      guard !cuts.contains(position) else { return [] }
      if let loop = loops[position] {
        return [loop.condition, loop.body].flatMap {
          $0.importer.index.unsupportedNodes($0.order, loops: $0.loops)
        }
      }
      let isLoop = ImportedLoop.operations.contains(node.op)
      guard isLoop || !GraphDefImporter.isSupported(node.op) else { return [] }
      return [ImportError(node: node.name, op: node.op, reason: .unsupportedOp)]
    }
  }
}
