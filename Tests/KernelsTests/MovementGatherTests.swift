import Kernels
import Testing

@Suite struct `Gathering and scattering` {
  private func floats(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float(Int.random(in: -100...100, using: &generator)) }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100])
  func `reads and accumulates rows of any length`(_ length: Int) {
    let (rowCount, stride) = (50, length + 3)
    let table = floats(rowCount * stride)
    var generator = SplitMix64(seed: 5)
    let indices = (0..<200).map { _ in Int32.random(in: 0..<50, using: &generator) }
    let expected = indices.flatMap { row in table[(Int(row) * stride)...].prefix(length) }
    var (source, positions, rows) = (table, indices, [Float](repeating: .nan, count: 200 * length))
    var wide = indices.map { Int64($0) }
    var accumulated = table
    for (index, row) in indices.enumerated() {
      for column in 0..<length { accumulated[Int(row) * stride + column] += expected[index * length + column] }
    }
    source.withMemoryView { source in
      rows.withMemoryView { rows in
        positions.withMemoryView { indices in
          let failure = Rows.gather(
            table: source, rowStride: stride, rowLength: length, rowCount: rowCount, indices: indices, into: rows)
          #expect(failure == nil)
        }
        wide.withMemoryView { indices in
          let failure = Rows.scatterAdd(
            rows, rowLength: length, indices: indices, into: source, rowStride: stride, rowCount: rowCount)
          #expect(failure == nil)
        }
      }
    }
    #expect(rows == expected)
    #expect(source == accumulated)
  }

  @Test(arguments: [0, 1, 3, 4, 8, 15, 16, 17, 32, 33, 64, 100])
  func `copies packed rows of any length to their places`(_ length: Int) {
    let (rowCount, stride) = (50, length + 3)
    var (table, rows) = (floats(rowCount * stride), floats(20 * length, seed: 2))
    var indices = (0..<20).map { Int32((7 * $0 + 3) % 50) }
    var expected = table
    for (position, row) in indices.enumerated() {
      for column in 0..<length { expected[Int(row) * stride + column] = rows[position * length + column] }
    }
    func scatter() -> Int? {
      table.withMemoryView { table in
        rows.withMemoryView { rows in
          indices.withMemoryView {
            Rows.scatter(
              rows, rowLength: length, indices: $0, into: table, rowStride: stride, rowCount: rowCount)
          }
        }
      }
    }
    #expect(scatter() == nil)
    #expect(table == expected)
    indices[18] = 50
    #expect(scatter() == 18)
  }

  @Test func `moves rows of every scalar type`() {
    func rows<Scalar: BitwiseCopyable & Equatable>(_ table: [Scalar]) -> [Scalar] {
      var (table, indices, output) = (table, [2, 0] as [Int64], [table[0], table[0]])
      table.withMemoryView { table in
        indices.withMemoryView { indices in
          output.withMemoryView { output in
            _ = Rows.gather(table: table, rowStride: 1, rowLength: 1, rowCount: 3, indices: indices, into: output)
          }
        }
      }
      return output
    }
    #expect(rows([1.5, 2.5, 3.5] as [Double]) == [3.5, 1.5])
    #expect(rows([1, 2, 3] as [Int32]) == [3, 1])
    #expect(rows([1, 2, 3] as [Int64]) == [3, 1])
    #expect(rows([false, true, true]) == [true, false])
  }

  @Test(arguments: [-1, 3, Int64.max, Int64.min]) func `reports the first index out of range`(_ bad: Int64) {
    var (table, indices, output) = ([1, 2, 3] as [Float], [2, bad, -5], [0, 0, 0] as [Float])
    table.withMemoryView { table in
      indices.withMemoryView { indices in
        output.withMemoryView { output in
          #expect(
            Rows.gather(table: table, rowStride: 1, rowLength: 1, rowCount: 3, indices: indices, into: output) == 1)
          #expect(
            Rows.scatterAdd(output, rowLength: 1, indices: indices, into: table, rowStride: 1, rowCount: 3) == 1)
          #expect(Movement.gatherND(table, leading: [3], inner: 1, indices: indices, places: 3, into: output) == 1)
        }
      }
    }
    #expect(table == [1, 2, 6])
  }

  @Test func `gathers and scatters along an axis, with batches`() {
    let (batch, outer, axis, inner, picked) = (2, 3, 5, 4, 6)
    let x = floats(batch * outer * axis * inner)
    var generator = SplitMix64(seed: 9)
    var indices = (0..<(batch * picked)).map { _ in Int32.random(in: 0..<5, using: &generator) }
    var expected: [Float] = []
    var sums = [Float](repeating: 0, count: x.count)
    for b in 0..<batch {
      for o in 0..<outer {
        for j in 0..<picked {
          for i in 0..<inner {
            let place = ((b * outer + o) * axis + Int(indices[b * picked + j])) * inner + i
            expected.append(x[place])
            sums[place] += x[place]
          }
        }
      }
    }
    var (source, y, scattered) = (x, expected.map { _ in 0 as Float }, x.map { _ in 0 as Float })
    indices.withMemoryView { indices in
      y.withMemoryView { y in
        source.withMemoryView { x in
          let failure = Movement.gather(
            x, batch: batch, outer: outer, axisCount: axis, inner: inner, indices: indices, into: y)
          #expect(failure == nil)
        }
        scattered.withMemoryView { sums in
          let failure = Movement.scatterAdd(
            y, batch: batch, outer: outer, axisCount: axis, inner: inner, indices: indices, into: sums)
          #expect(failure == nil)
        }
      }
    }
    #expect(y == expected)
    #expect(scattered == sums)
  }

  @Test func `gathers and scatters at places`() {
    var (x, indices) = ((0..<24).map { Float($0) }, [1, 2, 0, 0, 1, 2] as [Int32])
    var (y, sums) = ([Float](repeating: 0, count: 12), [Float](repeating: 0, count: 24))
    indices.withMemoryView { indices in
      y.withMemoryView { y in
        x.withMemoryView { x in
          #expect(Movement.gatherND(x, leading: [2, 3], inner: 4, indices: indices, places: 3, into: y) == nil)
        }
        sums.withMemoryView { sums in
          #expect(Movement.scatterNDAdd(y, leading: [2, 3], inner: 4, indices: indices, places: 3, into: sums) == nil)
        }
      }
    }
    #expect(y == [20, 21, 22, 23, 0, 1, 2, 3, 20, 21, 22, 23])
    #expect(sums == [0, 1, 2, 3] + [Float](repeating: 0, count: 16) + [40, 42, 44, 46])
  }

  @Test func `adds segments, dropping negative ids and reporting large ones`() {
    var (values, ids, sums) = ([1, 2, 3, 4, 5, 6] as [Int64], [1, -1, 1] as [Int32], [9, 9, 9, 9] as [Int64])
    values.withMemoryView { values in
      sums.withMemoryView { sums in
        ids.withMemoryView { ids in
          #expect(Movement.addSegments(values, inner: 2, ids: ids, segments: 2, into: sums) == nil)
          #expect(sums.array == [9, 9, 15, 17])
          ids[2] = 2
          #expect(Movement.addSegments(values, inner: 2, ids: ids, segments: 2, into: sums) == 2)
        }
      }
    }
  }

  @Test func `makes one-hot vectors along any axis`() {
    var (indices, y) = ([1, 0, 5, -1] as [Int64], [Float](repeating: 7, count: 12))
    indices.withMemoryView { indices in
      y.withMemoryView { Movement.oneHot(indices, outer: 2, depth: 3, inner: 2, on: 1, off: 0, into: $0) }
    }
    #expect(y == [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }
}
