import Kernels
import Parameters
import Wire

extension ModelTensors {
  /// Applies the sum of several pushes as one update of every tensor in them, added up in their order.
  ///
  /// What no push names of a dense tensor that one of them does name counts as a gradient of zero.
  mutating func apply(
    sumOf pushes: [[PushBlock]], parameters: [ParameterSpec], step: UInt64
  ) {
    Denormals.flushed {
      for number in parameters.indices {
        let optimizer = parameters[number].optimizer
        switch tensors[number] {
        case .dense(let tensor):
          guard var sum = tensor.sum(of: pushes.lazy.joined(), number) else { continue }
          preserve(number)
          sum.withMemoryView { sum in
            optimizer.update(tensor.memory, along: [DenseRun(start: 0, gradient: sum)], step: step)
          }
        case .table(let table):
          var (keys, sums) = Self.sum(of: pushes, number, rowLength: table.layout.rowLength)
          guard !keys.isEmpty else { continue }
          var places = keys
          keys.withMemoryView { keys in
            sums.withMemoryView { sums in
              places.withMemoryView {
                update(number, rows: keys, along: sums, by: optimizer, step: step, places: $0)
              }
            }
          }
        }
      }
    }
  }

  /// The rows of the table number `number` that `pushes` name, ascending, and the sums of their gradients.
  private static func sum(
    of pushes: [[PushBlock]], _ number: Int, rowLength: Int
  ) -> (keys: [Int64], sums: [Float]) {
    var gradients: [(keys: MemoryView<Int64>, values: MemoryView<Float>)] = []
    for case .rows(let numbers, let keys, let values) in pushes.lazy.joined() {
      if let index = numbers.firstIndex(of: number) { gradients.append((keys.view, values[index].view)) }
    }
    var keys: [Int64] = []
    for gradient in gradients { keys = union(keys, gradient.keys) }
    var sums = [Float](repeating: 0, count: keys.count * rowLength)
    sums.withMemoryView { sums in
      for gradient in gradients {
        var place = 0
        for position in 0..<gradient.keys.count {
          while keys[place] < gradient.keys[position] { place += 1 }
          Elementwise.add(
            gradient.values[position * rowLength..<(position + 1) * rowLength],
            into: sums[place * rowLength..<(place + 1) * rowLength])
        }
      }
    }
    return (keys, sums)
  }

  /// The keys of both, which ascend, ascending.
  private static func union(_ a: [Int64], _ b: MemoryView<Int64>) -> [Int64] {
    var union: [Int64] = []
    union.reserveCapacity(a.count + b.count)
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      union.append(min(a[i], b[j]))
      let (left, right) = (a[i], b[j])
      if left <= right { i += 1 }
      if right <= left { j += 1 }
    }
    union.append(contentsOf: a[i...])
    while j < b.count {
      union.append(b[j])
      j += 1
    }
    return union
  }
}

extension ShardTensor {
  /// The sum of the gradients that `blocks` have of this tensor, number `number`, as long as ``memory``; nil for none.
  fileprivate func sum(of blocks: some Sequence<PushBlock>, _ number: Int) -> [Float]? {
    var sum: [Float]?
    for case .dense(number, let first, let values) in blocks {
      var total = sum ?? [Float](repeating: 0, count: memory.weights.count)
      sum = nil
      let start = start(of: first..<first + values.count)!
      total.withMemoryView { Elementwise.add(values.view, into: $0[start..<start + values.count]) }
      sum = total
    }
    return sum
  }
}
