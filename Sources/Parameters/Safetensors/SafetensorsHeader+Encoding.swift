extension SafetensorsHeader {
  /// The header with its length in front, a multiple of eight bytes long.
  package var encoded: [UInt8] {
    var text = "{"
    if !metadata.isEmpty {
      text += "\"__metadata__\":{"
      text += metadata.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }.joined(separator: ",")
      text += "}"
    }
    for entry in entries {
      if text.utf8.count > 1 { text += "," }
      let shape = entry.shape.map(String.init).joined(separator: ",")
      text += "\(Self.quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(entry.offset),\(entry.offset + entry.byteCount)]}"
    }
    text += "}"
    text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    let length = UInt64(text.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(text.utf8)
  }

  /// The bytes that an entry of the metadata takes in a header that has others.
  static func byteCount(ofMetadata key: String, value: String) -> Int {
    quoted(key).utf8.count + quoted(value).utf8.count + 2
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
