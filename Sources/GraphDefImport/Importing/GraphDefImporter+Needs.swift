extension GraphDefImporter {
  /// The nodes that computing `fetches` needs, each behind those it needs.
  public func nodes(neededFor fetches: [String]) throws(GraphImportError) -> [NodeDef] {
    var positions: [Int] = []
    for fetch in fetches {
      positions.append(try index.position(of: (InputReference(parsing: fetch) ?? InputReference(fetch)).node))
    }
    return try index.order(from: positions, cutting: []).map { graph.nodes[$0] }
  }

  /// Whether a placeholder that computing `fetches` needs is for batches of the exported size.
  ///
  /// TensorFlow then computed sizes when it built the graph, and wrote them into the gradients.
  public func fixesBatch(neededFor fetches: [String]) throws(GraphImportError) -> Bool {
    try nodes(neededFor: fetches).contains { node in
      GraphImport.isPlaceholder(node) && node.attributes["shape"]?.shape?.dimensions?.first == config.batchSize
    }
  }

  /// Whether nodes of the operation `op` can be imported.
  public static func isSupported(_ op: String) -> Bool {
    op == "Const" || op == "Placeholder" || op == "PlaceholderV2" || OpImporter.all[op] != nil
  }
}
