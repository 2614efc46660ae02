/// Writes one JSON object on one line.
public struct JSONText: Sendable {
  private var body = ""

  /// An object without members.
  public init() {}

  /// The text.
  public var text: String { "{\(body)}" }

  /// Adds a number; one that is not finite becomes null.
  public mutating func add(_ name: String, _ value: Double) {
    add(name, raw: value.isFinite ? Self.number(value) : "null")
  }

  /// Adds an integer.
  public mutating func add(_ name: String, _ value: some BinaryInteger) { add(name, raw: "\(value)") }

  /// Adds true or false.
  public mutating func add(_ name: String, _ value: Bool) { add(name, raw: "\(value)") }

  /// Adds a text.
  public mutating func add(_ name: String, _ value: String) { add(name, raw: Self.quoted(value)) }

  /// Adds an object.
  public mutating func add(_ name: String, _ value: JSONText) { add(name, raw: value.text) }

  /// Adds what is JSON already.
  public mutating func add(_ name: String, raw: String) {
    if !body.isEmpty { body += ", " }
    body += "\(Self.quoted(name)): \(raw)"
  }

  /// The shortest text that reads back as `value`, without a fraction where there is none.
  private static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
