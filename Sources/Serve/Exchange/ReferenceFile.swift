package import Parameters

/// The file in which the reference system keeps the parameters of one model. In any order, for each parameter:
///
/// ```
///     0  8  length of the name, u64
///     8  .  name
///     .  8  number of values, u64
///     .  .  values, f32, row-major
/// ```
///
/// Everything is little-endian; there are neither shapes nor checksums.
package struct ReferenceFile: ParameterFile {
  private let file: BinaryFile
  private let values: [String: (offset: Int, count: UInt64)]

  private static let nameLimit = 4096

  /// Opens the file at `path` and finds where its parameters are.
  package init(_ path: String) throws(DataError) {
    file = try BinaryFile(path)
    var values: [String: (offset: Int, count: UInt64)] = [:]
    var offset = 0
    while offset < file.byteCount {
      let length = try file.integer(at: offset)
      guard length <= Self.nameLimit else {
        throw DataError(
          path, .tooLarge(what: "the name of a parameter (\(length) bytes)", limit: "\(Self.nameLimit) bytes"))
      }
      let bytes = try file.bytes(at: offset + 8, count: Int(length))
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw DataError(path, .unsupportedType(found: "a name that is not UTF-8", supported: "UTF-8"))
      }
      offset += 8 + bytes.count
      let count = try file.integer(at: offset)
      guard values.updateValue((offset + 8, count), forKey: name) == nil else {
        throw DataError(path, .disagreement(what: "the number of entries of '\(name)'", found: "2", expected: "1"))
      }
      offset = try file.end(of: count, elementsOf: 4, from: offset + 8)
    }
    self.values = values
  }

  package var names: Set<String> { Set(values.keys) }

  package func read(_ tensor: StoredTensor) throws -> [Float] {
    guard let (offset, count) = values[tensor.name] else { throw StoreError.unknownTensor(tensor.name) }
    guard count == UInt64(tensor.count) else {
      throw DataError(
        file.path,
        .disagreement(what: "the number of values of '\(tensor.name)'", found: "\(count)", expected: "\(tensor.count)"))
    }
    return try file.floats(at: offset, count: tensor.count)
  }

  /// Replaces the file at `path` by the tensors `names` of `source`.
  package static func write(_ names: [String], of source: any TensorSource, to path: String) throws {
    try OutputFile.replace(path) { file in
      for name in names {
        let values = try source.read(name)
        try file.write([UInt64(name.utf8.count)])
        try file.write(Array(name.utf8))
        try file.write([UInt64(values.count)])
        try file.write(values)
      }
    }
  }
}
