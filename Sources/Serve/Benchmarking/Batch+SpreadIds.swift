import GraphDefImport
import Kernels

extension Batch {
  /// Replaces ids so that they name exactly `count` rows, one from each of as many equal parts of the tables of `model`.
  ///
  /// As many ids are the same as before, or a few less. So batches for tables of different sizes touch as many rows.
  ///
  /// - Throws: ``SpreadError`` if the model has no tables, or they or the batch are too small.
  public mutating func spreadIds(over count: Int, of model: Model, seed: UInt64) throws(SpreadError) {
    let rows = min(model.idLimit ?? 0, 1 << 24)
    let possible = min(rows, x.count)
    guard count > 0, count <= possible else {
      throw SpreadError(model: model.config.modelName, wanted: count, possible: possible)
    }
    var generator = SplitMix64(seed: seed &+ 1)
    let chosen = (0..<count).map { part in
      let (start, end) = (part * rows / count, (part + 1) * rows / count)
      return Float(start + generator.next(below: end - start))
    }
    for index in x.indices { x[index] = chosen[Int(x[index]) % count] }
    // Every row has a place of its own at least once.
    var places = Array(x.indices)
    for part in 0..<count {
      places.swapAt(part, part + generator.next(below: places.count - part))
      x[places[part]] = chosen[part]
    }
  }
}

/// Ids cannot name as many rows as was asked for.
public struct SpreadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The model's name.
  public var model: String
  /// The rows asked for.
  public var wanted: Int
  /// The most rows that a batch of this size can name.
  public var possible: Int

  public var description: String {
    possible == 0
      ? "'\(model)' looks up no rows by its inputs"
      : "a batch of this size touches at most \(possible) rows of '\(model)', not \(wanted)"
  }
}
