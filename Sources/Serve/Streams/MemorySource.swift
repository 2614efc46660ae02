import Kernels

/// Examples that are all in memory, given in file order or in a new order for each pass.
public struct MemorySource: DataSource {
  /// The features: floats, or bytes that are divided by 255 on the way into a batch.
  package enum Features: Sendable {
    case floats([Float])
    case bytes([UInt8])
  }

  public let name: String
  public let exampleShape: [Int]?
  public let labelWidth: Int?
  public let keepsOrder: Bool
  public private(set) var position: UInt64 = 0

  private let features: Features
  private let labels: [Float]
  private let exampleCount: Int
  private let exampleWidth: Int
  private let labelsPerExample: Int
  private let lines: (file: String, numbers: [UInt32])?
  private var order: [UInt32] = []
  private var isShuffled = false

  /// Lends `features`, `count` examples of `exampleShape`, and as many labels of `labelWidth`; if they are `lines` of a
  /// file, messages tell which.
  package init(
    name: String, count: Int, exampleShape: [Int], features: Features, labels: [Float], labelWidth: Int,
    keepsOrder: Bool = false, lines: (file: String, numbers: [UInt32])? = nil
  ) {
    let width = exampleShape.reduce(1, *)
    let featureCount =
      switch features {
      case .floats(let values): values.count
      case .bytes(let values): values.count
      }
    precondition(featureCount == count * width, "\(featureCount) features for \(count) examples of \(exampleShape)")
    precondition(labels.count == count * labelWidth, "\(labels.count) labels for \(count) examples of \(labelWidth)")
    precondition(count <= UInt32.max, "\(count) examples")
    self.name = name
    self.exampleShape = exampleShape
    self.labelWidth = labelWidth
    self.keepsOrder = keepsOrder
    self.features = features
    self.labels = labels
    self.lines = lines
    exampleCount = count
    exampleWidth = width
    labelsPerExample = labelWidth
  }

  public var count: Int? { exampleCount }

  public var isFinite: Bool { true }

  public func origin(ofExample position: UInt64) -> String? {
    guard position < exampleCount else { return nil }
    let row = row(Int(position))
    guard let lines else { return "\(name), example \(row)" }
    return "\(lines.file), line \(lines.numbers[row])"
  }

  public mutating func reset(epoch: UInt64, seed: UInt64?) {
    position = 0
    isShuffled = seed != nil && !keepsOrder
    guard isShuffled, let seed else { return }
    if order.isEmpty { order = (0..<UInt32(exampleCount)).map { $0 } }
    for index in order.indices { order[index] = UInt32(truncatingIfNeeded: index) }
    var generator = SplitMix64(seed: SplitMix64.mix(seed) ^ SplitMix64.mix(~epoch))
    for last in stride(from: exampleCount - 1, to: 0, by: -1) {
      order.swapAt(last, generator.next(below: last + 1))
    }
  }

  public mutating func skip(to offset: UInt64) -> UInt64 {
    precondition(offset >= position, "skipping from \(position) back to \(offset)")
    position = min(offset, UInt64(exampleCount))
    return position
  }

  public mutating func next(into batch: inout Batch, upTo limit: Int) -> Bool {
    let start = Int(position)
    let taken = min(limit, exampleCount - start)
    batch.resize(examples: taken, width: exampleWidth, labelWidth: labelsPerExample)
    batch.begin = position
    position += UInt64(taken)
    batch.end = position
    guard taken > 0 else { return false }
    switch features {
    case .floats(let values): copyRows(of: values, width: exampleWidth, from: start, to: &batch.x)
    case .bytes(let values): scaleRows(of: values, from: start, to: &batch.x)
    }
    copyRows(of: labels, width: labelsPerExample, from: start, to: &batch.y)
    return true
  }

  private func row(_ place: Int) -> Int {
    isShuffled ? Int(order[place]) : place
  }

  private func copyRows(of source: [Float], width: Int, from start: Int, to target: inout [Float]) {
    guard width > 0 else { return }
    let source = source.span
    var target = target.mutableSpan
    for place in 0..<target.count / width {
      let first = row(start + place) * width
      let from = source.extracting(first..<first + width)
      let base = place * width
      for index in 0..<width { target[base + index] = from[index] }
    }
  }

  private func scaleRows(of source: [UInt8], from start: Int, to target: inout [Float]) {
    guard exampleWidth > 0 else { return }
    let source = source.span
    var target = target.mutableSpan
    for place in 0..<target.count / exampleWidth {
      let first = row(start + place) * exampleWidth
      let from = source.extracting(first..<first + exampleWidth)
      let base = place * exampleWidth
      for index in 0..<exampleWidth { target[base + index] = Float(from[index]) / 255 }
    }
  }
}
