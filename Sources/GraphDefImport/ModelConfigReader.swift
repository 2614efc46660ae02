/// A value of a configuration together with the key it was found under, so that errors can name it.
struct ModelConfigReader {
  /// The keys on the way here, such as `other.dense[2]`.
  let key: String

  /// The value.
  let value: JSONValue

  /// An error about this value.
  func error(_ expected: String, found: String? = nil) -> ModelConfigError {
    ModelConfigError(key: key, found: found ?? value.summary, expected: expected)
  }

  /// The value of `key` in this object, or `nil` if there is none or it is `null`.
  func optional(_ key: String) throws(ModelConfigError) -> ModelConfigReader? {
    guard case .object(let members) = value else { throw error("an object") }
    guard let member = members.first(where: { $0.key == key }), member.value != .null else { return nil }
    return child(key, member.value)
  }

  /// The value of `key` in this object, which must be there and be `expected`.
  func required(_ key: String, _ expected: String) throws(ModelConfigError) -> ModelConfigReader {
    guard let reader = try optional(key) else { throw child(key, .null).error(expected, found: "nothing") }
    return reader
  }

  /// The elements of this array.
  func elements(_ expected: String) throws(ModelConfigError) -> [ModelConfigReader] {
    guard case .array(let values) = value else { throw error(expected) }
    return values.enumerated().map { ModelConfigReader(key: "\(key)[\($0.offset)]", value: $0.element) }
  }

  /// This string, which is not empty.
  func string() throws(ModelConfigError) -> String {
    guard case .string(let text) = value, !text.isEmpty else { throw error("a string that is not empty") }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw error("a string without control characters")
    }
    return text
  }

  /// This array of strings, in which none occurs twice.
  func distinctStrings() throws(ModelConfigError) -> [String] {
    var strings: [String] = []
    var firstKeys: [String: String] = [:]
    for element in try elements("an array of strings") {
      let string = try element.string()
      if let first = firstKeys[string] { throw element.error("a name other than that of \(first)") }
      firstKeys[string] = element.key
      strings.append(string)
    }
    return strings
  }

  /// This integer, at least 1 and at most `maximum`.
  func positiveInteger(atMost maximum: Int) throws(ModelConfigError) -> Int {
    let expected = "an integer in 1...\(maximum)"
    guard case .number(let text) = value else { throw error(expected) }
    guard let integer = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }), (1...maximum).contains(integer)
    else { throw error(expected) }
    return integer
  }

  /// This array of positive integers whose product is at most `maximum`.
  func shape(elementsAtMost maximum: Int, isScalarAllowed: Bool) throws(ModelConfigError) -> [Int] {
    var shape: [Int] = []
    var count = 1
    for element in try elements("an array of positive integers") {
      let dimension = try element.positiveInteger(atMost: maximum)
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= maximum else {
        throw error("a shape of at most \(maximum) elements", found: "a shape of more")
      }
      count = product
      shape.append(dimension)
    }
    guard isScalarAllowed || !shape.isEmpty else { throw error("at least one dimension") }
    return shape
  }

  /// This number, finite and above zero.
  func positiveNumber() throws(ModelConfigError) -> Double {
    guard case .number(let text) = value, let number = Double(text), number.isFinite, number > 0 else {
      throw error("a finite number above 0")
    }
    return number
  }

  private func child(_ key: String, _ value: JSONValue) -> ModelConfigReader {
    ModelConfigReader(key: self.key.isEmpty ? key : "\(self.key).\(key)", value: value)
  }
}
