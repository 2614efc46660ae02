import Kernels

/// A table in memory: one buffer of rows, filled page by page when a row is first needed.
struct Table: Sendable {
  /// The rows, as an optimizer updates them.
  let table: RowTable

  private let memory: AlignedMemory
  private let pages: Pages?
  /// Whether the table is filled as a whole when somebody does not say which rows it needs.
  private let isWhole: Bool

  /// Larger tables may be touched in few places only: they take no huge pages, and are not filled as a whole.
  private static let wholeByteLimit = 1 << 30

  init(_ spec: ParameterSpec) throws(StoreError) {
    let rule = spec.optimizer.rule.base
    let layout = RowLayout(rowLength: spec.rowLength, optimizer: spec.optimizer)
    let count = spec.rowCount * layout.stride
    let scalarCount = layout.scalarCount == 0 ? rule.scalars.count : 0
    let zeroCount = spec.optimizer.rule.updatesAllRows ? spec.rowLength : 0
    isWhole = count * MemoryLayout<Float>.stride <= Self.wholeByteLimit
    let memory = try AlignedMemory.make(floats: count + scalarCount + zeroCount, hugePages: isWhole, for: spec)
    self.memory = memory
    table = RowTable(
      layout: layout, rowCount: spec.rowCount, rows: memory.floats(at: 0, count: count),
      scalars: memory.floats(at: count, count: scalarCount),
      zeros: memory.floats(at: count + scalarCount, count: zeroCount))
    for index in 0..<scalarCount { table.scalars[index] = rule.scalars[index].initialValue }
    pages = try Pages(spec, layout)
  }

  /// Makes the values of the rows `keys` valid. They are rows of the table.
  func prepare(_ keys: MemoryView<Int64>) {
    guard let pages else { return }
    for position in 0..<keys.count { pages.fill(pageOf: Int(keys[position]), of: table) }
  }

  /// Whether who trains had better say which rows it needs: the others would get initial values that nobody may ask for.
  var prefersRowRequests: Bool { pages != nil && !isWhole }

  /// Makes the values of all rows valid.
  ///
  /// - Complexity: O(weights), about a second for a gigabyte; O(1) once filled.
  func prepareAll() { pages?.fillAll(of: table) }

  /// Makes the values of the rows `rows` valid.
  func prepare(_ rows: Range<Int>) {
    guard let pages else { return }
    for row in rows { pages.fill(pageOf: row, of: table) }
  }
}

/// Which pages of a table have been filled with initial values, and these values.
private struct Pages: Sendable {
  /// About as many floats as a page of memory holds.
  private static let floatsPerPage = 1024

  private let initialValues: InitialValues
  /// What follows a row's weights at first.
  private let state: InitialRowState
  /// A page has `1 << shift` rows.
  private let shift: Int
  /// 1 for a page that is filled, and at the end if all are.
  private let filled: MemoryView<UInt8>
  private let memory: AlignedMemory

  /// Nil if a table of zeros is filled already.
  init?(_ spec: ParameterSpec, _ layout: RowLayout) throws(StoreError) {
    let state = InitialRowState(spec.optimizer)
    guard !spec.initialValues.areZero || !state.isZero else { return nil }
    self.state = state
    initialValues = spec.initialValues
    let rows = max(1, Self.floatsPerPage / max(1, layout.stride))
    shift = Int.bitWidth - 1 - rows.leadingZeroBitCount
    let count = (spec.rowCount + (1 << shift) - 1) >> shift + 1
    memory = try AlignedMemory.make(floats: count / 4 + 1, hugePages: false, for: spec)
    filled = memory.view(of: UInt8.self, count: count)
  }

  @inline(always)
  func fill(pageOf row: Int, of table: RowTable) {
    let page = row >> shift
    if filled[page] == 0 { fill(page, of: table) }
  }

  func fillAll(of table: RowTable) {
    let count = filled.count - 1
    guard filled[count] == 0 else { return }
    for page in 0..<count where filled[page] == 0 { fill(page, of: table) }
    filled[count] = 1
  }

  @inline(never)
  private func fill(_ page: Int, of table: RowTable) {
    let length = table.layout.rowLength
    let rows = page << shift..<min(table.rowCount, (page + 1) << shift)
    filled[page] = 1
    // Rows with nothing between them are filled at once, which is faster.
    guard table.layout.stride > length else {
      return initialValues.fill(
        table.rows[rows.lowerBound * length..<rows.upperBound * length], from: rows.lowerBound * length)
    }
    for row in rows {
      let floats = table.rows[row * table.layout.stride..<(row + 1) * table.layout.stride]
      initialValues.fill(floats[0..<length], from: row * length)
      state.fill(floats, rowLength: length)
    }
  }
}
