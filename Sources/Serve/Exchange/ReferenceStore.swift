import Files
package import Parameters

/// The file in which the reference's parameter server keeps all models, `store.dt`. In any order, for each parameter:
///
/// ```
///     0  8  key, u64: the model's number × 1,024, and the parameter's position in the config's `dense`
///     8  8  number of values, u64
///    16  .  values, f32, row-major
/// ```
///
/// Everything is little-endian. The models' numbers are in a ``ModelList``.
package struct ReferenceStore: ParameterFile {
  /// The parameters of one model in the file.
  package struct Keys: Sendable {
    /// The model's number.
    package var model: UInt64
    /// The names in the config's order.
    package var parameters: [String]

    /// The keys of a model.
    package init(model: UInt64, parameters: [String]) {
      self.model = model
      self.parameters = parameters
    }

    /// The key of the parameter at `position`.
    fileprivate func key(_ position: Int) -> UInt64 { model << 10 | UInt64(position) }
  }

  /// Where the values of a key are.
  private struct Record {
    var key: UInt64
    var offset: Int
    var count: UInt64
  }

  private let file: BinaryFile
  private let records: [Record]
  private let values: [String: Record]

  /// The most parameters of a model, by the layout of keys.
  package static let parameterLimit = 1 << 10

  /// Opens the file at `path` for the model of `keys`.
  package init(_ path: String, _ keys: Keys) throws(DataError) {
    file = try BinaryFile(path)
    records = try Self.records(of: file)
    var values: [String: Record] = [:]
    for record in records where record.key >> 10 == keys.model {
      let position = Int(record.key & 1023)
      guard position < keys.parameters.count else {
        throw DataError(
          path,
          .disagreement(
            what: "a key of model \(keys.model)", found: "that of parameter \(position)",
            expected: "one below \(keys.parameters.count)"))
      }
      values[keys.parameters[position]] = record
    }
    self.values = values
  }

  private static func records(of file: BinaryFile) throws(DataError) -> [Record] {
    var records: [Record] = []
    var keys: Set<UInt64> = []
    var offset = 0
    while offset < file.byteCount {
      let record = Record(
        key: try file.integer(at: offset), offset: offset + 16, count: try file.integer(at: offset + 8))
      guard keys.insert(record.key).inserted else {
        throw DataError(
          file.path, .disagreement(what: "the number of entries of key \(record.key)", found: "2", expected: "1"))
      }
      offset = try file.end(of: record.count, elementsOf: 4, from: record.offset)
      records.append(record)
    }
    return records
  }

  package var names: Set<String> { Set(values.keys) }

  package func read(_ tensor: StoredTensor) throws -> [Float] {
    guard let record = values[tensor.name] else { throw StoreError.unknownTensor(tensor.name) }
    guard record.count == UInt64(tensor.count) else {
      throw DataError(
        file.path,
        .disagreement(
          what: "the number of values of '\(tensor.name)' (key \(record.key))", found: "\(record.count)",
          expected: "\(tensor.count)"))
    }
    return try file.floats(at: record.offset, count: tensor.count)
  }

  /// Replaces the parameters of the model of `keys` in the file at `path` by those of `source`; other models in it stay.
  package static func write(_ keys: Keys, of source: any TensorSource, to path: String) throws {
    let old = SystemFiles.kind(path) == .file ? try BinaryFile(path) : nil
    let kept = try old.map { (file) throws(DataError) in try records(of: file) } ?? []
    try OutputFile.replace(path) { file in
      for record in kept where record.key >> 10 != keys.model {
        guard let old else { continue }
        try file.write([record.key, record.count])
        try file.write(old.floats(at: record.offset, count: Int(record.count)))
      }
      for (position, name) in keys.parameters.enumerated() {
        let values = try source.read(name)
        try file.write([keys.key(position), UInt64(values.count)])
        try file.write(values)
      }
    }
  }
}
