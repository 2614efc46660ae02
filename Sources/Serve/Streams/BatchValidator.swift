public import Files

/// Why a batch is refused: which value of which example.
public struct BatchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with the value.
  public enum Reason: Hashable, Sendable {
    /// The examples have another number of features than the model takes.
    case width(found: Int, expected: Int)
    /// The examples have another number of labels than the model takes.
    case labelWidth(found: Int, expected: Int)
    /// NaN or infinite.
    case notFinite
    /// An id or a class with a fraction.
    case notIntegral
    /// An id below zero.
    case negative
    /// An id that the table has no row for.
    case outsideTable(rows: Int)
    /// An integer of 2^24 or more, from where on float32 does not hold every integer.
    case notExact
    /// A class that the model does not know.
    case unknownClass(count: Int)
    /// A label that is no probability.
    case notProbability
  }

  /// What is wrong.
  public var reason: Reason
  /// The offset of the example in its stream.
  public var example: UInt64
  /// The feature, or the label, from 0.
  public var column: Int
  /// True if a label is meant.
  public var isLabel: Bool
  /// What was found.
  public var value: Float
  /// Where the example comes from, if that is known.
  public var origin: String?

  /// How a command that meets this error ends.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    let source = origin.map { "\($0): " } ?? ""
    let place =
      "example \(example)\(origin.map { " (\($0))" } ?? ""), \(isLabel ? "label" : "feature") \(column)"
    return switch reason {
    case .width(let found, let expected): "\(source)examples of \(found) features, the model takes \(expected)"
    case .labelWidth(let found, let expected):
      "\(source)examples with \(found) labels, the model takes \(expected)"
        + (found == 0 && origin != nil ? "; of just as many columns as the model has features, none is a label" : "")
    case .notFinite: "\(place): \(value) is no finite float32 number"
    case .notIntegral: "\(place): \(value) is not an integer"
    case .negative: "\(place): id \(value) is negative"
    case .outsideTable(let rows): "\(place): id \(value) is outside the table of \(rows) rows"
    case .notExact: "\(place): \(value) is 2^24 or more, where float32 does not hold every integer"
    case .unknownClass(let count): "\(place): \(value) is no class from 0 to \(count - 1)"
    case .notProbability: "\(place): \(value) is no label from 0 to 1"
    }
  }
}

/// Lets only batches through that a model can take.
public struct BatchValidator: Sendable {
  /// What features are.
  public enum Inputs: Hashable, Sendable {
    /// Any finite numbers.
    case numbers
    /// Any integers below 2^24 and above −2^24, which float32 holds exactly.
    case integers
    /// Rows of a table with as many rows.
    case ids(rows: Int)
  }

  /// What labels are.
  public enum Labels: Hashable, Sendable {
    /// Not looked at.
    case unused
    /// Any finite numbers.
    case numbers
    /// Any integers below 2^24 and above −2^24, which float32 holds exactly.
    case integers
    /// The numbers of as many classes.
    case classes(Int)
    /// Numbers from 0 to 1.
    case probabilities
  }

  /// The examples let through.
  public private(set) var accepted: UInt64 = 0
  /// The examples in refused batches.
  public private(set) var refused: UInt64 = 0

  private let width: Int
  private let inputs: Inputs
  private let labelWidth: Int
  private let labels: Labels

  /// Examples have `width` features and, unless labels are unused, `labelWidth` labels.
  public init(width: Int, inputs: Inputs = .numbers, labelWidth: Int = 1, labels: Labels) {
    self.width = width
    self.inputs = inputs
    self.labelWidth = labelWidth
    self.labels = labels
  }

  /// Checks all of `batch`.
  ///
  /// - Throws: ``BatchError`` for the first value that is wrong; the whole batch is then refused.
  /// - Complexity: One pass over the values; allocates nothing.
  public mutating func check(_ batch: Batch) throws(BatchError) {
    do throws(BatchError) {
      try checkShape(batch)
      if !features(batch.x) { try findFeature(batch) }
      if !labels(batch.y) { try findLabel(batch) }
    } catch {
      refused += UInt64(batch.examples)
      throw error
    }
    accepted += UInt64(batch.examples)
  }

  /// Checks all of `batch`, the last one of `feed`, which tells where an example comes from that is refused.
  ///
  /// - Throws: ``BatchError``, as ``check(_:)`` does.
  package mutating func check(_ batch: Batch, of feed: DataFeed) throws(BatchError) {
    do throws(BatchError) {
      try check(batch)
    } catch {
      var error = error
      error.origin = feed.origin(ofExample: error.example)
      throw error
    }
  }

  private func checkShape(_ batch: Batch) throws(BatchError) {
    guard batch.width == width else {
      throw BatchError(
        reason: .width(found: batch.width, expected: width), example: batch.begin, column: 0, isLabel: false, value: 0)
    }
    guard labels == .unused || batch.labelWidth == labelWidth else {
      throw BatchError(
        reason: .labelWidth(found: batch.labelWidth, expected: labelWidth), example: batch.begin, column: 0,
        isLabel: true, value: 0)
    }
  }

  /// True if all features are right; a loop without exits, so that it is a vector loop.
  private func features(_ values: [Float]) -> Bool {
    switch inputs {
    case .numbers: Self.allFinite(values)
    case .integers: Self.allIntegral(values, from: -Self.integerBound + 1, below: Self.integerBound)
    case .ids(let rows): Self.allIntegral(values, below: min(rows, Self.integerBound))
    }
  }

  private func labels(_ values: [Float]) -> Bool {
    switch labels {
    case .unused: true
    case .numbers: Self.allFinite(values)
    case .integers: Self.allIntegral(values, from: -Self.integerBound + 1, below: Self.integerBound)
    case .classes(let count): Self.allIntegral(values, below: count)
    case .probabilities: values.allSatisfy { $0 >= 0 && $0 <= 1 }
    }
  }

  private static func allFinite(_ values: [Float]) -> Bool {
    var wrong: UInt32 = 0
    for value in values { wrong |= (value.bitPattern & 0x7f80_0000) &+ 0x0080_0000 }
    return wrong & 0x8000_0000 == 0
  }

  /// From here on float32 does not hold every integer.
  private static let integerBound = 1 << 24

  private static func allIntegral(_ values: [Float], from lowest: Int = 0, below bound: Int) -> Bool {
    let (first, last) = (Float(lowest), Float(bound - 1))
    var wrong: UInt32 = 0
    for value in values {
      wrong |= value >= first && value <= last && value.rounded(.towardZero) == value ? 0 : 1
    }
    return wrong == 0
  }

  private func findFeature(_ batch: Batch) throws(BatchError) {
    for (index, value) in batch.x.enumerated() {
      let reason: BatchError.Reason? =
        switch inputs {
        case .numbers: value.isFinite ? nil : .notFinite
        case .integers: Self.problem(ofInteger: value)
        case .ids(let rows): Self.problem(ofID: value, rows: rows)
        }
      guard let reason else { continue }
      throw BatchError(
        reason: reason, example: batch.begin + UInt64(index / width), column: index % width, isLabel: false,
        value: value)
    }
  }

  private func findLabel(_ batch: Batch) throws(BatchError) {
    for (index, value) in batch.y.enumerated() {
      let reason: BatchError.Reason? =
        switch labels {
        case .unused: nil
        case _ where !value.isFinite: .notFinite
        case .numbers: nil
        case .integers: Self.problem(ofInteger: value)
        case .classes where value != value.rounded(.towardZero): .notIntegral
        case .classes(let count): value >= 0 && value < Float(count) ? nil : .unknownClass(count: count)
        case .probabilities: value >= 0 && value <= 1 ? nil : .notProbability
        }
      guard let reason else { continue }
      throw BatchError(
        reason: reason, example: batch.begin + UInt64(index / labelWidth), column: index % labelWidth, isLabel: true,
        value: value)
    }
  }

  private static func problem(ofID value: Float, rows: Int) -> BatchError.Reason? {
    if value < 0, value.isFinite { return .negative }
    return problem(ofInteger: value) ?? (value < Float(rows) ? nil : .outsideTable(rows: rows))
  }

  private static func problem(ofInteger value: Float) -> BatchError.Reason? {
    if !value.isFinite { return .notFinite }
    if value.magnitude >= Float(integerBound) { return .notExact }
    return value == value.rounded(.towardZero) ? nil : .notIntegral
  }
}
