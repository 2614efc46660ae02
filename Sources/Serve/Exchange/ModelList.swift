/// The list that gives models their numbers on the reference's parameter server: a name and a number on each line.
package struct ModelList: Sendable {
  private let path: String
  private let numbers: [String: UInt64]

  private static let byteLimit = 1 << 20
  /// Keys have 32 bits, of which ten count parameters.
  private static let numberLimit: UInt64 = 1 << 22

  /// Reads the list in the file at `path`.
  package init(_ path: String) throws(DataError) {
    let file = try BinaryFile(path)
    guard file.byteCount <= Self.byteLimit else {
      throw DataError(path, .tooLarge(what: "the list of models", limit: "\(Self.byteLimit) bytes"))
    }
    let text = String(decoding: try file.bytes(at: 0, count: file.byteCount), as: UTF8.self)
    var numbers: [String: UInt64] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard !words.isEmpty else { continue }
      guard words.count == 2, let number = UInt64(words[1]), number < Self.numberLimit else {
        let expected = "a model's name and a number below \(Self.numberLimit) were expected"
        throw DataError(path, .malformedLine(line: index + 1, column: nil, expected))
      }
      guard !numbers.values.contains(number), numbers.updateValue(number, forKey: String(words[0])) == nil else {
        throw DataError(path, .malformedLine(line: index + 1, column: nil, "a name or number that is taken already"))
      }
    }
    self.path = path
    self.numbers = numbers
  }

  /// The number of `model`.
  package func number(of model: String) throws(DataError) -> UInt64 {
    guard let number = numbers[model] else {
      let known = numbers.sorted { $0.value < $1.value }.map(\.key).joined(separator: ", ")
      throw DataError(path, .disagreement(what: "the list of models", found: known, expected: "one with '\(model)'"))
    }
    return number
  }
}
