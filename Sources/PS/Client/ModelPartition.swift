import Kernels
import NIOCore
import Parameters
import Wire

/// A model as its shards have it: what of its tensors is asked of and sent to which server.
struct ModelPartition {
  /// The model's tensors.
  let parameters: [ParameterSpec]
  /// Which shard has what.
  let map: ShardMap
  /// The parts of each dense tensor that each shard has, by shard and tensor; none of tables.
  private let dense: [[[Range<Int>]]]

  init(_ parameters: [ParameterSpec], _ map: ShardMap) {
    self.parameters = parameters
    self.map = map
    dense = (0..<map.shards).map { shard in
      parameters.enumerated().map { tensor, spec in
        spec.kind == .dense ? map.ranges(ofTensor: tensor, count: spec.count, on: shard) : []
      }
    }
  }

  /// The bytes that all dense tensors of a shard take in a message, at most.
  var denseByteCount: Int {
    dense.map { ranges in ranges.joined().reduce(0) { $0 + 4 * $1.count + 32 } }.max() ?? 0
  }

  /// The parts of the dense tensor number `tensor` that `shard` has.
  func ranges(ofTensor tensor: Int, on shard: Int) -> [Range<Int>] { dense[shard][tensor] }
}

// What is pushed.
extension ModelPartition {
  /// Appends the blocks of `push` that `shard` has to the body of a PUSH_PULL. Gradients and keys that are not dealt out are
  /// lent.
  func write(_ push: ParameterGradients, _ groups: [KeyGroup], of shard: Int, to writer: inout MessageWriter) {
    var count = groups.count { $0.count(on: shard) > 0 }
    for (tensor, gradient) in push.gradients.enumerated() {
      if case .dense = gradient { count += dense[shard][tensor].count }
    }
    writer.count(count)
    for (tensor, gradient) in push.gradients.enumerated() {
      guard case .dense(let values) = gradient else { continue }
      for range in dense[shard][tensor] {
        writer.denseBlock(.dense, tensor: tensor, first: range.lowerBound, count: range.count)
        writer.lend(values[range])
      }
    }
    for group in groups where group.count(on: shard) > 0 {
      writer.rowsBlock(.rows, tensors: group.tensors, keyCount: group.count(on: shard))
      group.writeKeys(on: shard, to: &writer)
      for (table, tensor) in group.tensors.enumerated() {
        group.writeGradients(ofTable: table, on: shard, rowLength: parameters[tensor].rowLength, to: &writer)
      }
    }
  }
}

// What is pulled.
extension ModelPartition {
  /// Appends what is asked of `shard`: all dense tensors, unless they are still at `revision`, and the rows of `groups`.
  func writePull(_ groups: [KeyGroup], of shard: Int, knowing revision: UInt64, to writer: inout MessageWriter) {
    writer.integer(revision)
    writer.count(dense[shard].reduce(0) { $0 + $1.count } + groups.count { $0.count(on: shard) > 0 })
    for (tensor, ranges) in dense[shard].enumerated() {
      for range in ranges {
        writer.denseBlock(.dense, tensor: tensor, first: range.lowerBound, count: range.count)
      }
    }
    for group in groups where group.count(on: shard) > 0 {
      writer.rowsBlock(.rows, tensors: group.tensors, keyCount: group.count(on: shard))
      group.writeKeys(on: shard, to: &writer)
    }
  }

  /// Where what `shard` answers belongs in `mirrors`, the memory of all tensors.
  func values(
    _ groups: [KeyGroup], from shard: Int, knowing revision: UInt64, to mirrors: [MemoryView<Float>]
  ) -> PulledValues {
    let elements = dense[shard].enumerated().flatMap { tensor, ranges in
      ranges.map { PulledValues.Part.elements(mirrors[tensor][$0]) }
    }
    let rows = groups.filter { $0.count(on: shard) > 0 }.flatMap { group in
      group.tensors.map { tensor in
        PulledValues.Part.rows(group, shard: shard, parameters[tensor], mirror: mirrors[tensor])
      }
    }
    return PulledValues(dense: elements, knowing: revision, rows: rows)
  }
}
