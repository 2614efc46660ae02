/// Numbers for people.
package enum ReadableNumber {
  /// `value` with `digits` digits behind the point.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard abs(value) * scale < 0x1p53 else { return "\(value)" }
    let scaled = UInt64((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let fraction = String(scaled % UInt64(scale))
    let whole = "\(sign)\(scaled / UInt64(scale))"
    return digits == 0 ? whole : "\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }

  /// `value` as an integer with commas between thousands.
  package static func grouped(_ value: Double) -> String {
    let digits = fixed(value, 0)
    guard digits.allSatisfy(\.isNumber) else { return digits }
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return result
  }

  /// `seconds` as `m:ss` or `h:mm:ss`.
  package static func clock(_ seconds: Double) -> String {
    let total = UInt64(min(max(seconds, 0), 1e9).rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    func padded(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(padded(minutes)):\(padded(rest))" : "\(minutes):\(padded(rest))"
  }
}
