import Kernels
import Parameters
import Wire

extension ServerCore {
  /// A shard that has its part of what `cores` have together, all shards of a cluster in order that agree.
  ///
  /// Sessions stay behind; streams, clocks and versions are the same on every shard.
  ///
  /// - Throws: 301 if there is no memory for it.
  init(resharding cores: [ServerCore], _ configuration: Configuration, now: Instant) throws(Refusal) {
    self.init(configuration, now: now)
    var ledger = cores[0].applied
    ledger.sessions = SessionTable()
    // Streams remember when they were applied last, by a record's number.
    ledger.lastLSN = cores.map(\.applied.lastLSN).max() ?? 0
    for (number, state) in ledger.models {
      let others = cores.map { $0.store(of: state.schema.name) }
      ledger.models[number]?.version = others.map(\.state.version).max() ?? 0
      ledger.models[number]?.revision = (others.map(\.state.revision).max() ?? 0) + 1
      var tensors = try ModelTensors(others[0].store.tensors.parameters, map: map, shard: configuration.shard)
      tensors.take(from: others.map(\.store.tensors))
      stores[number] = ModelStore(tensors: tensors, leaseEnd: now)
    }
    (applied, accepted, durableLSN) = (ledger, ledger, ledger.lastLSN)
  }

  private func store(of name: String) -> (state: ModelState, store: ModelStore) {
    guard let number = applied.numbers[name], let state = applied.models[number], let store = stores[number] else {
      preconditionFailure("no model '\(name)'")
    }
    return (state, store)
  }

  /// Why `cores`, all shards of a cluster in order, are not at the same point: what lags, a sentence each.
  static func disagreements(of cores: [ServerCore]) -> [String] {
    let names = Set(cores.flatMap { $0.applied.numbers.keys }).sorted()
    return names.flatMap { name -> [String] in
      let missing = cores.indices.filter { cores[$0].applied.numbers[name] == nil }
      guard missing.isEmpty else { return missing.map { "model '\(name)': shard \($0) does not have it" } }
      return disagreements(of: cores.map { $0.store(of: name) }, name)
    }
  }

  private static func disagreements(of shards: [(state: ModelState, store: ModelStore)], _ name: String) -> [String] {
    var problems: [String] = []
    let first = shards[0].state
    for (shard, (state, store)) in shards.enumerated() {
      if state.schemaHash != first.schemaHash || state.schema != first.schema {
        problems.append("shard \(shard) has other tensors, settings or hyper-parameters than shard 0")
      }
      if state.leaseHolder != nil { problems.append("shard \(shard) waits for values that a client brings") }
      if store.gradients.count > 0 { problems.append("shard \(shard) has gradients of a clock that is not over") }
      if state.clocks.open != first.clocks.open || state.clocks.completed != first.clocks.completed {
        problems.append(
          "shard \(shard) is in clock \(state.clocks.open), its workers at \(state.clocks.completed); "
            + "shard 0 in clock \(first.clocks.open), at \(first.clocks.completed)")
      }
    }
    let streams = shards.map(\.state.streams.ends)
    for source in Set(streams.flatMap(\.keys)).sorted() {
      let ends = streams.map { $0[source] ?? 0 }
      guard let furthest = ends.max(), ends.contains(where: { $0 < furthest }) else { continue }
      for (shard, end) in ends.enumerated() where end < furthest {
        problems.append("shard \(shard) has stream \(source.hexadecimal) up to \(end), others up to \(furthest)")
      }
    }
    return problems.map { "model '\(name)': \($0)" }
  }
}
