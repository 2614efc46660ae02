/// Reads lines of numbers separated by commas, semicolons, tabs or spaces; which, the first line tells.
///
/// The first line may name the columns. Fields may be quoted.
package struct TableDecoder: LineDecoder {
  package private(set) var exampleShape: [Int]?
  package private(set) var labelWidth: Int?

  private let place: SourceSpecification.LabelPlace
  private let expectedWidth: Int?
  private let scale: Float
  private var separator = UInt8(ascii: ",")
  private var columnCount = 0
  private var labelColumn: Int?

  /// Looks for the label at `place`; features are divided by `scale`.
  package init(label place: SourceSpecification.LabelPlace = .automatic, expectedWidth: Int? = nil, scale: Float = 1) {
    self.place = place
    self.expectedWidth = expectedWidth
    self.scale = scale
  }

  package mutating func start(
    _ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String
  ) throws(DataError) -> Bool {
    let candidates = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")]
    separator = candidates.first { bytes[line].contains($0) } ?? UInt8(ascii: " ")
    var names: [String] = []
    var firstText: Int?
    var numberCount = 0
    var cursor = FieldCursor(line, separator)
    while let field = try cursor.next(bytes, number, name) {
      names.append(String(decoding: bytes[field], as: UTF8.self))
      if NumberText.float(bytes, field) != nil {
        numberCount += 1
      } else if firstText == nil {
        firstText = names.count - 1
      }
    }
    guard names.contains(where: { !$0.isEmpty }) else { throw Self.notANumber("", number, 0, name) }
    var isHeader = numberCount == 0
    if let firstText, numberCount > 0 {
      isHeader = names.contains { $0.lowercased() == "label" || .named($0) == place }
      guard isHeader else { throw Self.notANumber(names[firstText], number, firstText, name) }
    }
    try choose(names: names, hasHeader: isHeader, number, name)
    return isHeader
  }

  private mutating func choose(
    names: [String], hasHeader: Bool, _ number: Int, _ name: String
  ) throws(DataError) {
    columnCount = names.count
    if hasHeader { try checkLabel(names, number, name) }
    switch place {
    case .first: labelColumn = 0
    case .last: labelColumn = columnCount - 1
    case .none: labelColumn = nil
    case .named(let wanted):
      labelColumn = hasHeader ? names.firstIndex(of: wanted) : nil
      guard labelColumn != nil else {
        let known = hasHeader ? "the columns are \(names.joined(separator: ", "))" : "the first line holds no names"
        throw DataError(name, .malformedLine(line: number, column: nil, "there is no column '\(wanted)'; \(known)"))
      }
    case .automatic:
      let named = hasHeader ? names.firstIndex { $0.lowercased() == "label" } : nil
      labelColumn = named ?? (columnCount == expectedWidth ? nil : columnCount - 1)
    }
    let width = columnCount - (labelColumn == nil ? 0 : 1)
    if let expectedWidth, expectedWidth != width {
      let label = labelColumn.map { ", column \($0 + 1) being the label" } ?? ", none being a label"
      throw DataError(
        name,
        .disagreement(
          what: "the number of features in line \(number)", found: "\(width)\(label)", expected: "\(expectedWidth)"))
    }
    guard width > 0 else {
      throw DataError(name, .malformedLine(line: number, column: nil, "there is a label but no feature"))
    }
    exampleShape = [width]
    labelWidth = labelColumn == nil ? 0 : 1
  }

  /// Checks that no two columns have the name by which the label is looked for.
  private func checkLabel(_ names: [String], _ number: Int, _ name: String) throws(DataError) {
    let columns = names.indices.filter { index in
      switch place {
      case .named(let wanted): names[index] == wanted
      case .automatic: names[index].lowercased() == "label"
      case .first, .last, .none: false
      }
    }
    guard columns.count > 1 else { return }
    let numbers = columns.map { "\($0 + 1)" }.joined(separator: " and ")
    let problem = "columns \(numbers) are both called '\(names[columns[0]])', and one has to be the label"
    throw DataError(name, .malformedLine(line: number, column: nil, problem))
  }

  package func decode(
    _ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String, into batch: inout Batch, row: Int
  ) throws(DataError) {
    var cursor = FieldCursor(line, separator)
    var column = 0
    var target = row * batch.width
    while let field = try cursor.next(bytes, number, name) {
      guard column < columnCount else {
        throw DataError(name, .malformedLine(line: number, column: column + 1, "more than \(columnCount) columns"))
      }
      guard let value = NumberText.float(bytes, field) else {
        throw Self.notANumber(String(decoding: bytes[field], as: UTF8.self), number, column, name)
      }
      if column == labelColumn {
        batch.y[row] = value
      } else {
        batch.x[target] = scale == 1 ? value : value / scale
        target += 1
      }
      column += 1
    }
    guard column == columnCount else {
      throw DataError(
        name, .malformedLine(line: number, column: nil, "\(column) columns, expected \(columnCount)"))
    }
  }

  private static func notANumber(_ text: String, _ line: Int, _ column: Int, _ name: String) -> DataError {
    let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
    let problem = text.isEmpty ? "the field is empty" : "'\(shown)' is not a number"
    return DataError(name, .malformedLine(line: line, column: column + 1, problem))
  }
}

/// Walks over the fields of a line.
package struct FieldCursor {
  private var index: Int
  private let end: Int
  private let separator: UInt8
  private var isDone: Bool
  private var column = 0

  /// Starts at the first field; a separator of one space stands for any run of spaces and tabs.
  package init(_ line: Range<Int>, _ separator: UInt8) {
    index = line.lowerBound
    end = line.upperBound
    self.separator = separator
    isDone = line.isEmpty
  }

  /// The next field without quotes and the spaces around it; nil after the last.
  package mutating func next(_ bytes: [UInt8], _ line: Int, _ name: String) throws(DataError) -> Range<Int>? {
    guard !isDone else { return nil }
    column += 1
    skipSpaces(bytes)
    var field = index..<index
    if index < end, bytes[index] == UInt8(ascii: "\"") {
      guard let close = bytes[(index + 1)..<end].firstIndex(of: UInt8(ascii: "\"")) else {
        throw DataError(name, .malformedLine(line: line, column: column, "the quotation mark is not closed"))
      }
      field = index + 1..<close
      index = close + 1
      skipSpaces(bytes)
      guard index == end || isSeparator(bytes[index]) || separator == 0x20 else {
        throw DataError(name, .malformedLine(line: line, column: column, "text follows the quotation mark"))
      }
    } else {
      let start = index
      while index < end, !isSeparator(bytes[index]) { index += 1 }
      var last = index
      while last > start, bytes[last - 1] == 0x20 { last -= 1 }
      field = start..<last
    }
    if separator == 0x20 { skipSpaces(bytes) }
    isDone = index >= end
    if !isDone, separator != 0x20 { index += 1 }
    return field
  }

  private func isSeparator(_ byte: UInt8) -> Bool {
    byte == separator || (separator == 0x20 && byte == 0x09)
  }

  private mutating func skipSpaces(_ bytes: [UInt8]) {
    while index < end, bytes[index] == 0x20 || (separator == 0x20 && bytes[index] == 0x09) { index += 1 }
  }
}
