import JSON

extension SafetensorsHeader {
  /// The header with its length in front, a multiple of eight bytes long.
  package var encoded: [UInt8] {
    var object = ObjectText(isCompact: true)
    if !metadata.isEmpty {
      var pairs = ObjectText(isCompact: true)
      for (key, value) in metadata { pairs.add(key, value) }
      object.add("__metadata__", pairs)
    }
    for entry in entries {
      var tensor = ObjectText(isCompact: true)
      tensor.add("dtype", entry.type.rawValue)
      tensor.add("shape", entry.shape)
      tensor.add("data_offsets", [entry.offset, entry.offset + entry.byteCount])
      object.add(entry.name, tensor)
    }
    var text = object.text
    text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    let length = UInt64(text.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(text.utf8)
  }

  /// The bytes that an entry of the metadata takes in a header that has others: it comes with a comma, not in braces.
  static func byteCount(ofMetadata key: String, value: String) -> Int {
    var entry = ObjectText(isCompact: true)
    entry.add(key, value)
    return entry.text.utf8.count - 1
  }
}
