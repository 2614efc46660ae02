import Kernels
import Parameters
import Wire

extension ModelTensors {
  /// Takes what this shard has of `sources`, which together are the same model on another number of shards: weights,
  /// slots and counters, of tables the rows that were pushed or written.
  mutating func take(from sources: [ModelTensors]) {
    for number in tensors.indices {
      switch tensors[number] {
      case .dense(let tensor): tensor.take(from: sources.map { $0.denseTensor(number) })
      case .table(var table):
        for source in sources {
          guard case .table(let rows) = source.tensors[number] else { preconditionFailure("tensor \(number) is dense") }
          table.take(from: rows) { map.shard(ofSlot: ShardMap.slot(ofRow: UInt64(bitPattern: $0))) == shard }
        }
        tensors[number] = .table(table)
      }
    }
  }

  private func denseTensor(_ number: Int) -> ShardTensor {
    guard case .dense(let tensor) = tensors[number] else { preconditionFailure("tensor \(number) is a table") }
    return tensor
  }
}

extension ShardTensor {
  /// Takes what `sources` together have of this shard's blocks.
  fileprivate func take(from sources: [ShardTensor]) {
    for run in runs {
      var first = run.lowerBound
      while first < run.upperBound {
        // Blocks are the same whatever the number of shards: each lies in one piece on one of them.
        let end = min(run.upperBound, (first / ShardMap.blockLength + 1) * ShardMap.blockLength)
        guard let source = sources.first(where: { $0.start(of: first..<end) != nil }),
          let from = source.start(of: first..<end),
          let to = start(of: first..<end)
        else { preconditionFailure("nobody has the elements \(first..<end)") }
        let arrays = zip([memory.weights] + memory.slots, [source.memory.weights] + source.memory.slots)
        for (target, source) in arrays {
          target[to..<to + end - first].copy(from: source[from..<from + end - first])
        }
        // Every shard counts its updates, and all of them had the same ones.
        memory.scalars.copy(from: source.memory.scalars)
        first = end
      }
    }
  }
}

extension ShardTable {
  /// Takes those rows of `other`, a table of the same layout, whose key `isWanted`.
  fileprivate mutating func take(from other: ShardTable, where isWanted: (Int64) -> Bool) {
    for place in 0..<other.keys.count {
      let key = other.keys[place]
      if isWanted(key) { add(key, other.row(place)) }
    }
  }
}
