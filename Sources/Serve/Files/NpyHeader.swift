/// The text at the front of a .npy file: a Python dictionary with exactly three keys.
///
/// ```
/// {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
/// ```
package struct NpyHeader: Hashable, Sendable {
  /// NumPy's name of the type.
  package var descriptor: String
  /// The first axis varies fastest.
  package var isFortranOrder: Bool
  /// The extent of each axis.
  package var shape: [Int]

  /// More axes than NumPy allows are refused.
  package static let largestRank = 32

  /// Reads the dictionary in `text`; the error says what is wrong.
  package init(parsing text: [UInt8]) throws(HeaderProblem) {
    var scanner = LiteralScanner(text)
    var descriptor: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try scanner.expect("{")
    while !scanner.accept("}") {
      let key = try scanner.string()
      try scanner.expect(":")
      switch key {
      case "descr" where descriptor == nil:
        guard !scanner.accept("[") else { throw HeaderProblem("structured types are not read") }
        descriptor = try scanner.string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try scanner.boolean()
      case "shape" where shape == nil: shape = try scanner.tuple(upTo: Self.largestRank)
      default: throw HeaderProblem("key '\(key)' is unknown or repeated")
      }
      if !scanner.accept(",") {
        try scanner.expect("}")
        break
      }
    }
    guard scanner.isAtEnd else { throw HeaderProblem("text follows the dictionary") }
    guard let descriptor, let isFortranOrder, let shape else {
      throw HeaderProblem("the keys descr, fortran_order and shape are needed")
    }
    self.descriptor = descriptor
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// A header for row-major values.
  package init(descriptor: String, shape: [Int]) {
    self.descriptor = descriptor
    isFortranOrder = false
    self.shape = shape
  }

  /// Magic, version 1.0, length and dictionary, padded to a multiple of 64 bytes.
  package var encoded: [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let order = isFortranOrder ? "True" : "False"
    var text = "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': (\(extents)), }"
    let unpadded = NpyFile.magic.count + 4 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let count = text.utf8.count
    return NpyFile.magic + [1, 0, UInt8(count & 0xff), UInt8(count >> 8)] + Array(text.utf8)
  }
}

/// Why a header's text cannot be understood.
package struct HeaderProblem: Error, Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }
}

/// Reads the few kinds of Python literal that a .npy header contains.
private struct LiteralScanner {
  private let text: [UInt8]
  private var index = 0

  init(_ text: [UInt8]) { self.text = text }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return index == text.count
    }
  }

  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard index < text.count, text[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(HeaderProblem) {
    guard accept(character) else { throw HeaderProblem("'\(character)' is missing at character \(index + 1)") }
  }

  mutating func string() throws(HeaderProblem) -> String {
    skipSpace()
    guard index < text.count, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") else {
      throw HeaderProblem("a string is missing at character \(index + 1)")
    }
    let quote = text[index]
    guard let end = text[(index + 1)...].firstIndex(of: quote) else { throw HeaderProblem("a string does not end") }
    let content = text[(index + 1)..<end]
    guard content.count <= 64, content.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
      throw HeaderProblem("a string of unusual characters or length")
    }
    index = end + 1
    return String(decoding: content, as: UTF8.self)
  }

  mutating func boolean() throws(HeaderProblem) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where text[index...].starts(with: word.utf8) {
      index += word.utf8.count
      return value
    }
    throw HeaderProblem("True or False is missing at character \(index + 1)")
  }

  mutating func tuple(upTo limit: Int) throws(HeaderProblem) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !accept(")") {
      guard extents.count < limit else { throw HeaderProblem("more than \(limit) axes") }
      extents.append(try integer())
      if !accept(",") {
        guard extents.count > 1 else { throw HeaderProblem("the shape is not a tuple") }
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func integer() throws(HeaderProblem) -> Int {
    skipSpace()
    let start = index
    var value = 0
    while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit < 10 {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowToo) = tenfold.addingReportingOverflow(Int(digit))
      guard !overflow, !overflowToo else { throw HeaderProblem("an extent of more than 2^63") }
      value = sum
      index += 1
    }
    guard index > start else { throw HeaderProblem("an extent is missing at character \(index + 1)") }
    return value
  }

  private mutating func skipSpace() {
    while index < text.count, text[index] == 0x20 || text[index] == 0x0a || text[index] == 0x09 { index += 1 }
  }
}
