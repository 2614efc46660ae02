package import Parameters

/// NumPy's archive of arrays by name: a zip archive of a .npy file for each.
package struct NpzFile: ParameterFile {
  private let path: String
  private let archive: ZipArchive
  private let members: [String: ZipArchive.Member]

  private static let suffix = ".npy"

  /// Opens the archive at `path`.
  package init(_ path: String) throws(DataError) {
    self.path = path
    archive = try ZipArchive(path)
    var members: [String: ZipArchive.Member] = [:]
    for member in archive.members where member.name.hasSuffix(Self.suffix) {
      members[String(member.name.dropLast(Self.suffix.count))] = member
    }
    self.members = members
  }

  package var names: Set<String> { Set(members.keys) }

  package func read(_ tensor: StoredTensor) throws -> [Float] {
    guard let member = members[tensor.name] else { throw StoreError.unknownTensor(tensor.name) }
    // No type has more than eight bytes.
    let limit = NpyFile.largestHeader + 12 + 8 * tensor.count
    let place = "\(path), '\(member.name)'"
    let array = try NpyFile.decode(archive.contents(of: member, upTo: limit), name: place)
    guard array.shape == tensor.shape else {
      throw DataError(place, .disagreement(what: "the shape", found: "\(array.shape)", expected: "\(tensor.shape)"))
    }
    guard let floats = array.floats else {
      throw DataError(place, .unsupportedType(found: "integers that float32 cannot hold", supported: "float32"))
    }
    return floats
  }

  /// Replaces the file at `path` by the tensors of `source`.
  package static func write(_ source: any TensorSource, to path: String) throws {
    try OutputFile.replace(path) { file in
      var zip = ZipWriter(path)
      for tensor in source.tensors {
        let header = NpyHeader(descriptor: "<f4", shape: tensor.shape).encoded
        try zip.add(tensor.name + suffix, header, source.read(tensor.name), to: file)
      }
      try zip.finish(file)
    }
  }
}
