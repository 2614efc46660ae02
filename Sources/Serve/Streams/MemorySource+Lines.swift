extension MemorySource {
  /// All lines of the file at `path`.
  package static func csv(name: String, path: String, decoder: TableDecoder) throws(DataError) -> MemorySource {
    var lines = try LineSource(name: name, path: path, decoder: decoder)
    var (features, labels, numbers, batch) = ([Float](), [Float](), [UInt32](), Batch())
    while try lines.next(into: &batch, upTo: 1024) {
      features += batch.x
      labels += batch.y
      numbers += lines.lineNumbers.map { UInt32(clamping: $0) }
    }
    let count = Int(lines.position)
    guard count > 0 else { throw DataError(path, .empty) }
    guard count <= UInt32.max else { throw DataError(path, .tooLarge(what: "the count \(count)", limit: "2^32")) }
    return MemorySource(
      name: name, count: count, exampleShape: lines.exampleShape ?? [], features: .floats(features), labels: labels,
      labelWidth: lines.labelWidth ?? 0, lines: (file: path, numbers: numbers))
  }
}
