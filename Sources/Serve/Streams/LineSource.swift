/// Turns the lines of a file into examples.
package protocol LineDecoder {
  /// The shape of one example, once the first line has been seen.
  var exampleShape: [Int]? { get }
  /// The labels of one example, once the first line has been seen.
  var labelWidth: Int? { get }

  /// Looks at the first line of a pass.
  ///
  /// - Returns: True if it is a header, which holds no example.
  mutating func start(_ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String) throws(DataError) -> Bool

  /// Writes the features and labels in a line to row `row` of `batch`, which has room for them.
  func decode(
    _ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String, into batch: inout Batch, row: Int
  ) throws(DataError)
}

/// Examples read line by line, in their order, from a file or from standard input, however long.
package struct LineSource<Decoder: LineDecoder>: DataSource {
  package let name: String
  package let keepsOrder = true
  package let isFinite = true
  package let count: Int? = nil
  package private(set) var position: UInt64 = 0

  private var decoder: Decoder
  private var lines: LineReader?
  private let open: () throws(DataError) -> ByteStream
  private let isRepeatable: Bool
  private let isPrompt: Bool
  private let stop: StopRequest?
  private var hasStarted = false
  /// The number of each line of the last batch, from 1.
  private(set) var lineNumbers: [Int] = []

  /// Reads the file at `path`, plain or gzip, and looks at its first line.
  package init(name: String, path: String, decoder: Decoder) throws(DataError) {
    self.name = name
    self.decoder = decoder
    open = { () throws(DataError) -> ByteStream in try ByteStream(path: path) }
    isRepeatable = true
    isPrompt = false
    stop = nil
    try start()
    guard hasStarted else { throw DataError(path, .empty) }
  }

  /// Reads what `open` opens, once, from the first use on.
  ///
  /// If `isPrompt`, a batch is given as soon as more examples would have to be waited for. Once `stop` is requested, it
  /// is no error that nothing has come.
  package init(
    name: String, once open: @escaping () throws(DataError) -> ByteStream, decoder: Decoder, isPrompt: Bool,
    until stop: StopRequest? = nil
  ) {
    self.name = name
    self.decoder = decoder
    self.open = open
    self.isPrompt = isPrompt
    self.stop = stop
    isRepeatable = false
  }

  package var isLive: Bool { !isRepeatable }

  package var mayBeEmpty: Bool { stop?.isRequested ?? false }

  package var exampleShape: [Int]? { decoder.exampleShape }

  package var labelWidth: Int? { decoder.labelWidth }

  package func origin(ofExample position: UInt64) -> String? {
    guard let lines, position < self.position, self.position - position <= UInt64(lineNumbers.count) else { return nil }
    return "\(lines.name), line \(lineNumbers[lineNumbers.count - Int(self.position - position)])"
  }

  package mutating func reset(epoch: UInt64, seed: UInt64?) throws(DataError) {
    guard position > 0 else { return }
    guard isRepeatable else { throw DataError(name, .usage("it can be read only once")) }
    lines = nil
    lineNumbers = []
    position = 0
    hasStarted = false
  }

  package mutating func skip(to offset: UInt64) throws(DataError) -> UInt64 {
    precondition(offset >= position, "skipping from \(position) back to \(offset)")
    try start()
    lineNumbers.removeAll(keepingCapacity: true)
    while position < offset, try lines?.next() != nil { position += 1 }
    return position
  }

  package mutating func next(into batch: inout Batch, upTo limit: Int) throws(DataError) -> Bool {
    try start()
    let width = decoder.exampleShape?.reduce(1, *) ?? 0
    batch.resize(examples: limit, width: width, labelWidth: decoder.labelWidth ?? 0)
    batch.begin = position
    lineNumbers.removeAll(keepingCapacity: true)
    var taken = 0
    while taken < limit {
      if isPrompt, taken > 0, lines?.hasLine() == false { break }
      guard let line = try lines?.next(), let lines else { break }
      try decoder.decode(lines.bytes, line, number: lines.lineNumber, in: lines.name, into: &batch, row: taken)
      lineNumbers.append(lines.lineNumber)
      taken += 1
    }
    batch.shrink(to: taken)
    position += UInt64(taken)
    batch.end = position
    return taken > 0
  }

  /// Lets the decoder see the first line of the pass.
  private mutating func start() throws(DataError) {
    guard !hasStarted else { return }
    if lines == nil { lines = LineReader(try open()) }
    guard var lines else { return }
    if let line = try lines.next() {
      let isHeader = try decoder.start(lines.bytes, line, number: lines.lineNumber, in: lines.name)
      if !isHeader { lines.putBack(line) }
      hasStarted = true
    }
    self.lines = lines
  }
}
