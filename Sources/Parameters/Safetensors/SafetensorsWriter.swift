package import Files
import Glibc
package import Kernels

/// Writes safetensors files so that a reader sees the old content or all of the new, never a part.
package struct SafetensorsWriter: Sendable {
  /// The file.
  package let path: String
  private let files: any FileSystem
  private let headerLimit: Int

  /// How many floats are read and written at a time.
  private static let chunkFloatCount = 1 << 18

  /// Those of a file that is not there yet.
  private static let permissions: UInt32 = 0o644

  /// Writes the file at `path`, whose header may have as many bytes as are read.
  package init(
    path: String, files: any FileSystem = SystemFiles(), headerLimit: Int = SafetensorsHeader.byteLimit
  ) {
    self.path = path
    self.files = files
    self.headerLimit = headerLimit
  }

  /// Checks that the file can be created, without touching one that is there.
  package func check() throws(FileError) {
    do throws(FileError) {
      let file = try files.createReplacement(ofFileAt: path, permissions: Self.permissions)
      file.remove()
      try file.close()
    } catch { throw FileError(path, .create, code: error.code) }
  }

  /// Replaces the file by `tensors` and `metadata`, to which `crc32c` is added: the checksum of all bytes after the
  /// header, in hexadecimal.
  ///
  /// The bytes go to a temporary file in the same folder, with the same permissions, are synced, take the name of the
  /// file, and the folder is synced. If anything fails the old file stays and the temporary one is removed. The tensors
  /// are read chunk by chunk, so a large one is not held in memory twice.
  ///
  /// - Parameter read: Copies the elements of a tensor from an offset on.
  /// - Throws: ``FileError`` if the file system refused something or nobody could read such a header, or what `read`
  ///   throws.
  package func replace(
    tensors: [StoredTensor], metadata: [(key: String, value: String)],
    read: (_ tensor: String, _ offset: Int, _ destination: MemoryView<Float>) throws -> Void
  ) throws {
    try files.replace(path, permissions: Self.permissions) { file in
      try write(tensors, metadata, to: file, read)
    }
    try files.syncFolder(of: path)
  }

  private func write(
    _ tensors: [StoredTensor], _ metadata: [(key: String, value: String)], to file: any FileReplacement,
    _ read: (_ tensor: String, _ offset: Int, _ destination: MemoryView<Float>) throws -> Void
  ) throws {
    var header = SafetensorsHeader(
      tensors.map { ($0.name, .f32, $0.shape) }, metadata: metadata + [("crc32c", UInt32(0).hexadecimal)])
    var encoded = header.encoded
    guard encoded.count - 8 <= headerLimit else { throw FileError(path, .write, code: EFBIG) }
    try encoded.withMemoryView { try file.append($0) }
    var chunk = [Float](repeating: 0, count: min(Self.chunkFloatCount, tensors.map(\.count).max() ?? 0))
    var checksum: UInt32 = 0
    for tensor in tensors {
      var offset = 0
      while offset < tensor.count {
        let count = min(chunk.count, tensor.count - offset)
        try chunk.withMemoryView { view in
          let floats = view[0..<count]
          try read(tensor.name, offset, floats)
          checksum = Checksum.crc32c(floats.bytes, continuing: checksum)
          try file.append(floats.bytes)
        }
        offset += count
      }
    }
    // As many digits as before.
    header.metadata[header.metadata.count - 1].value = checksum.hexadecimal
    encoded = header.encoded
    try encoded.withMemoryView { try file.replaceBeginning(with: $0) }
  }
}
