import Kernels
import Parameters
import Wire

/// The rows of a table that a shard has: `[w | slots | scalars]`, row after row in the order of their first push.
///
/// Addresses for all rows of the table are reserved and memory is taken as rows come, so nothing ever moves. A row that
/// no push has touched has its initial values, which reading it computes and does not keep.
struct ShardTable: Sendable {
  /// Where the parts of a row lie.
  let layout: RowLayout

  private let initialValues: InitialValues
  private let initialState: InitialRowState
  private var map: RowMap
  private let rowMemory: AlignedMemory
  private let keyMemory: AlignedMemory
  /// The most rows it may have.
  private let capacity: Int
  /// The rows for a snapshot that is being written.
  private var capture: RowCapture?

  /// A table without rows, or nil if the system has no addresses for it.
  ///
  /// The optimizer of `spec` updates pushed rows only.
  init?(_ spec: ParameterSpec) {
    precondition(!spec.optimizer.rule.updatesAllRows, "'\(spec.optimizer.name)' on the rows of a shard")
    let layout = RowLayout(rowLength: spec.rowLength, optimizer: spec.optimizer)
    let (bytes, overflow) = spec.rowCount.multipliedReportingOverflow(by: layout.stride * MemoryLayout<Float>.stride)
    guard !overflow, spec.rowCount <= Int.max / 8,
      let rows = AlignedMemory(ifAvailable: bytes, isSparse: true),
      let keys = AlignedMemory(ifAvailable: spec.rowCount * 8, hugePages: false, isSparse: true),
      let map = RowMap(keyRange: spec.rowCount)
    else { return nil }
    self.layout = layout
    self.map = map
    initialValues = spec.initialValues
    initialState = InitialRowState(spec.optimizer)
    rowMemory = rows
    keyMemory = keys
    capacity = spec.rowCount
  }

  /// The keys of the rows that were pushed or written, in the order in which they came.
  var keys: MemoryView<Int64> { keyMemory.view(of: Int64.self, count: map.count) }

  private var rows: MemoryView<Float> { rowMemory.view(of: Float.self, count: map.count * layout.stride) }

  /// Updates the rows `keys` along `gradients`, of the shape `[keys, rowLength]`; new ones start at their initial values.
  ///
  /// - Parameter places: Memory for a number per key.
  mutating func update(
    _ keys: MemoryView<Int64>, along gradients: MemoryView<Float>, by optimizer: Optimizer, step: UInt64,
    places: MemoryView<Int64>
  ) {
    let places = places[0..<keys.count]
    create(keys, places)
    let rows = rows
    capture?.preserve(places, of: rows)
    let table = RowTable(layout: layout, rowCount: map.count, rows: rows, scalars: .empty, zeros: .empty)
    optimizer.update(table, rows: places, along: gradients, step: step)
  }

  /// Copies the weights of the rows `keys` to `values`, of the shape `[keys, rowLength]`.
  func read(_ keys: MemoryView<Int64>, into values: MemoryView<Float>, places: MemoryView<Int64>) {
    let places = places[0..<keys.count]
    let length = layout.rowLength
    guard map.find(keys, into: places) > 0 else {
      Rows.gather(
        table: rows, rowStride: layout.stride, rowLength: length, rowCount: map.count, indices: places, into: values)
      return
    }
    for position in 0..<keys.count {
      let target = values[position * length..<(position + 1) * length]
      let place = Int(places[position])
      if place < 0 {
        initialValues.fill(target, from: Int(keys[position]) * length)
      } else {
        target.copy(from: rows[place * layout.stride..<place * layout.stride + length])
      }
    }
  }

  /// Copies a part of the rows `keys`, the columns `columns` of each, to `values`.
  func read(
    _ columns: Range<Int>, of keys: MemoryView<Int64>, into values: MemoryView<Float>, places: MemoryView<Int64>
  ) {
    let places = places[0..<keys.count]
    _ = map.find(keys, into: places)
    var fresh = [Float](repeating: 0, count: layout.stride)
    fresh.withMemoryView { fresh in
      for position in 0..<keys.count {
        let target = values[position * columns.count..<(position + 1) * columns.count]
        let place = Int(places[position])
        if place < 0 {
          setInitialValues(fresh, of: keys[position])
          target.copy(from: fresh[columns])
        } else {
          let start = place * layout.stride
          target.copy(from: rows[start + columns.lowerBound..<start + columns.upperBound])
        }
      }
    }
  }

  /// Replaces a part of the rows `keys`, the columns `columns` of each, by `values`; new ones start at their initial
  /// values.
  mutating func write(
    _ columns: Range<Int>, of keys: MemoryView<Int64>, _ values: MemoryView<Float>, places: MemoryView<Int64>
  ) {
    let places = places[0..<keys.count]
    create(keys, places)
    let rows = rows
    capture?.preserve(places, of: rows)
    for position in 0..<keys.count {
      let start = Int(places[position]) * layout.stride
      rows[start + columns.lowerBound..<start + columns.upperBound].copy(
        from: values[position * columns.count..<(position + 1) * columns.count])
    }
  }

  /// Finds the rows `keys`, and makes those that are not there.
  private mutating func create(_ keys: MemoryView<Int64>, _ places: MemoryView<Int64>) {
    let missing = map.find(keys, into: places)
    guard missing > 0 else { return }
    precondition(map.count + missing <= capacity, "\(map.count) + \(missing) rows of \(capacity)")
    map.reserve(missing)
    for position in 0..<keys.count where places[position] < 0 {
      let place = map.add(keys[position])
      places[position] = Int64(place)
      self.keys[place] = keys[position]
      setInitialValues(rows[place * layout.stride..<(place + 1) * layout.stride], of: keys[position])
    }
  }

  private func setInitialValues(_ row: MemoryView<Float>, of key: Int64) {
    let length = layout.rowLength
    initialValues.fill(row[0..<length], from: Int(key) * length)
    initialState.fill(row, rowLength: length)
  }
}

extension ShardTable {
  /// The bytes of the rows.
  var byteCount: Int { map.count * rowByteCount }

  /// The bytes of a row.
  var rowByteCount: Int { layout.stride * MemoryLayout<Float>.stride }

  /// How many of the rows `keys` are not there.
  ///
  /// - Parameter places: Memory for as many numbers.
  func missingCount(of keys: MemoryView<Int64>, places: MemoryView<Int64>) -> Int {
    map.find(keys, into: places[0..<keys.count])
  }

  /// Keeps the rows as they are now for a snapshot, until ``endCapture()``.
  ///
  /// - Returns: False if the system has no addresses for that.
  mutating func beginCapture() -> Bool {
    capture = RowCapture(count: map.count, stride: layout.stride)
    return capture != nil
  }

  /// Keeps nothing more.
  mutating func endCapture() { capture = nil }

  /// Appends the next rows of those that are kept, of about `byteCount` bytes: u32 rows, u32 stride, their keys, floats.
  ///
  /// - Returns: False if there are no more.
  mutating func writeCaptured(byteCount: Int, to writer: inout MessageWriter) -> Bool {
    guard var capture, capture.next < capture.count else { return false }
    let count = min(capture.count - capture.next, max(1, byteCount / (8 + 4 * layout.stride)))
    writer.count(count)
    writer.count(layout.stride)
    writer.array(keys[capture.next..<capture.next + count])
    writer.array(count: count * layout.stride, of: Float.self) { capture.take(of: rows, into: $0) }
    // Rows without floats have keys only.
    if layout.stride == 0 { capture.pass(count) }
    self.capture = capture
    return true
  }

  /// Adds rows that ``writeCaptured(byteCount:to:)`` wrote.
  mutating func restore(from reader: inout MessageReader) throws(Refusal) {
    let count = try reader.count(limit: capacity - map.count, elementBytes: 8)
    let stride = Int(try reader.integer(UInt32.self))
    guard stride == layout.stride else { throw Refusal(.malformed, "rows of \(stride) floats, not \(layout.stride)") }
    let newKeys = try reader.array(of: Int64.self, count: count)
    let values = try reader.array(of: Float.self, count: count * stride)
    defer { withExtendedLifetime((newKeys, values)) {} }
    map.reserve(count)
    for position in 0..<count {
      let key = newKeys.view[position]
      guard key >= 0, key < capacity, map.number(of: key) == nil else {
        throw Refusal(.malformed, "the row \(key) twice, or of \(capacity)")
      }
      add(key, values.view[position * stride..<(position + 1) * stride])
    }
  }

  /// Weights and optimizer state of the row at `place`.
  func row(_ place: Int) -> MemoryView<Float> { rows[place * layout.stride..<(place + 1) * layout.stride] }

  /// Adds the row `key`, which is not there, with its weights and optimizer state.
  mutating func add(_ key: Int64, _ values: MemoryView<Float>) {
    map.reserve(1)
    let place = map.add(key)
    keys[place] = key
    row(place).copy(from: values)
  }
}
