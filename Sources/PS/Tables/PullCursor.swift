import Kernels
import Parameters
import Wire

/// How far the values of some blocks are written, array after array, in parts.
struct PullCursor: Sendable {
  /// The blocks of which something is missing.
  private(set) var blocks: ArraySlice<PullBlock>
  /// The arrays of the first block that are written.
  private var arrays = 0
  /// What is written of the next one: elements, or rows.
  private var written = 0

  /// Nothing of `blocks` written.
  ///
  /// - Parameter withDense: Whether the dense ones are wanted at all.
  init(_ blocks: [PullBlock], withDense: Bool) {
    self.blocks = blocks.filter { if case .dense = $0 { withDense } else { true } }[...]
    skipEmptyBlocks()
  }

  /// Whether everything is written.
  var isAtEnd: Bool { blocks.isEmpty }

  /// Goes on behind `count` more elements or rows of an array that has `total`.
  fileprivate mutating func advance(by count: Int, of total: Int) {
    written += count
    guard written == total else { return }
    written = 0
    arrays += 1
    skipEmptyBlocks()
  }

  private mutating func skipEmptyBlocks() {
    while let block = blocks.first, arrays == block.arrayCount {
      blocks.removeFirst()
      arrays = 0
    }
  }
}

extension ModelTensors {
  /// Appends the values that come next, about `byteCount` bytes of them, and moves `cursor` behind them.
  ///
  /// What follows belongs to another buffer, whose first byte is at a multiple of eight as well.
  func write(
    _ cursor: inout PullCursor, atMost byteCount: Int, to writer: inout MessageWriter, places: MemoryView<Int64>
  ) {
    var room = byteCount / MemoryLayout<Float>.stride
    while let (block, array, written) = cursor.next {
      // The padding before an array belongs to the part before, as each begins at a multiple of eight.
      writer.align()
      guard room > 0 || isEmpty(block, array) else { return }
      switch block {
      case .dense(let number, let first, let total):
        guard case .dense(let tensor) = tensors[number] else { preconditionFailure("tensor \(number) is a table") }
        let start = tensor.start(of: first..<first + total)! + written
        let count = min(total - written, Self.even(room))
        writer.array(tensor.memory.weights[start..<start + count])
        cursor.advance(by: count, of: total)
        room -= count
      case .rows(let numbers, let keys):
        let table = table(numbers[array])
        let length = table.layout.rowLength
        let rows = min(keys.count - written, length == 0 ? .max : Self.even(room / length))
        writer.array(count: rows * length, of: Float.self) {
          table.read(keys.view[written..<written + rows], into: $0, places: places)
        }
        cursor.advance(by: rows, of: keys.count)
        room -= rows * length
      }
    }
  }

  /// Whether the array number `array` of `block` has no values, so that it belongs to the part before.
  private func isEmpty(_ block: PullBlock, _ array: Int) -> Bool {
    switch block {
    case .dense(_, _, let count): count == 0
    case .rows(let numbers, let keys): keys.count == 0 || parameters[numbers[array]].rowLength == 0
    }
  }

  /// The even number next to `count`, at least 2: so many floats or rows take a multiple of eight bytes.
  private static func even(_ count: Int) -> Int { max(2, count & ~1) }
}

extension PullCursor {
  /// The block whose values come next, which of its arrays it is, and how much of that is written.
  fileprivate var next: (block: PullBlock, array: Int, written: Int)? {
    blocks.first.map { ($0, arrays, written) }
  }
}

extension PullBlock {
  /// The arrays of its values.
  fileprivate var arrayCount: Int {
    switch self {
    case .dense: 1
    case .rows(let tensors, _): tensors.count
    }
  }
}
