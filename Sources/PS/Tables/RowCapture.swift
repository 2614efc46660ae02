import Kernels

/// The rows of a table as they were when a snapshot began, while the table goes on to change.
///
/// A row that is about to change is copied first, unless it was given to the snapshot already.
struct RowCapture: Sendable {
  /// The rows that there were.
  let count: Int
  /// The first row that was not given to the snapshot yet.
  private(set) var next = 0

  private let stride: Int
  /// The numbers of copies by the places of their rows.
  private var copies: RowMap
  private let memory: AlignedMemory

  /// Of a table of `count` rows of `stride` floats; nil if the system has no addresses for copies.
  init?(count: Int, stride: Int) {
    guard
      let memory = AlignedMemory(
        ifAvailable: count * stride * MemoryLayout<Float>.stride, hugePages: false, isSparse: true),
      let copies = RowMap(keyRange: count)
    else { return nil }
    self.count = count
    self.stride = stride
    self.memory = memory
    self.copies = copies
  }

  private func copy(_ number: Int) -> MemoryView<Float> {
    memory.view(of: Float.self, at: number * stride * MemoryLayout<Float>.stride, count: stride)
  }

  /// Copies those of the rows at `places` that are still needed; call it before they change.
  mutating func preserve(_ places: MemoryView<Int64>, of rows: MemoryView<Float>) {
    guard next < count else { return }
    copies.reserve(places.count)
    for position in 0..<places.count {
      let place = Int(places[position])
      guard place >= next, place < count, copies.number(of: Int64(place)) == nil else { continue }
      copy(copies.add(Int64(place))).copy(from: rows[place * stride..<(place + 1) * stride])
    }
  }

  /// Goes on behind the next `count` rows.
  mutating func pass(_ count: Int) { next += count }

  /// Gives the next rows away, as many as fill `destination`, of the table's rows as they are now.
  mutating func take(of rows: MemoryView<Float>, into destination: MemoryView<Float>) {
    for position in 0..<destination.count / stride {
      let target = destination[position * stride..<(position + 1) * stride]
      if let number = copies.number(of: Int64(next)) {
        target.copy(from: copy(number))
      } else {
        target.copy(from: rows[next * stride..<(next + 1) * stride])
      }
      next += 1
    }
  }
}
