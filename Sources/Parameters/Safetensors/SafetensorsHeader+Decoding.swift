extension SafetensorsHeader {
  /// Reads the JSON part of a header, `bytes`.
  package init(decoding bytes: [UInt8]) throws(SafetensorsError) {
    var scanner = HeaderScanner(bytes)
    var entries: [Entry] = []
    var ends: [Int] = []
    var metadata: [(key: String, value: String)]?
    try scanner.object { scanner, name throws(SafetensorsError) in
      if name == "__metadata__" {
        guard metadata == nil else { throw .repeatedName(name) }
        metadata = try Self.metadata(&scanner)
      } else {
        guard entries.count < Self.tensorLimit else { throw .tooManyTensors(limit: Self.tensorLimit) }
        let (entry, end) = try Self.entry(name, &scanner)
        entries.append(entry)
        ends.append(end)
      }
    }
    try scanner.end()
    try self.init(checking: entries, ends: ends, metadata: metadata ?? [])
  }

  private static func metadata(
    _ scanner: inout HeaderScanner
  ) throws(SafetensorsError) -> [(key: String, value: String)] {
    var pairs: [(key: String, value: String)] = []
    var keys: Set<String> = []
    try scanner.object { scanner, key throws(SafetensorsError) in
      guard keys.insert(key).inserted else { throw .repeatedName(key) }
      pairs.append((key, try scanner.string()))
    }
    return pairs
  }

  private static func entry(
    _ name: String, _ scanner: inout HeaderScanner
  ) throws(SafetensorsError) -> (entry: Entry, end: Int) {
    var type: SafetensorsType?
    var shape: [Int]?
    var offsets: [Int]?
    let start = scanner.position
    try scanner.object { scanner, key throws(SafetensorsError) in
      switch key {
      case "dtype" where type == nil:
        let text = try scanner.string()
        type = SafetensorsType(rawValue: text)
        guard type != nil else { throw .unknownType(tensor: name, type: text) }
      case "shape" where shape == nil: shape = try scanner.integers(limit: 64)
      case "data_offsets" where offsets == nil: offsets = try scanner.integers(limit: 2)
      default: throw scanner.expected("dtype, shape and data_offsets, each once")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw .malformedHeader(byte: start, expected: "a tensor with dtype, shape and two data_offsets")
    }
    return (Entry(name: name, type: type, shape: shape, offset: offsets[0]), offsets[1])
  }
}
