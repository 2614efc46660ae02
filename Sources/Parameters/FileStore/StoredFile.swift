package import Kernels

/// The tensors of a safetensors file, as a ``FileStore`` or another program wrote it, to be copied elsewhere.
package struct StoredFile: TensorSource {
  /// The weights of the parameters, and the state of whatever optimizers the file has.
  package let tensors: [StoredTensor]
  /// What the file says about itself, without the checksum.
  package let metadata: [(key: String, value: String)]
  /// What a user should know about the file.
  package let notices: [String]

  /// The file.
  package var path: String { file.path }

  private let file: SafetensorsFile

  /// Opens the file at `path` and checks all that it says.
  ///
  /// - Throws: ``StoreError`` if the file is not there, is damaged or does not have these parameters.
  package init(_ parameters: [ParameterSpec], path: String, origin: FileStore.Origin) throws(StoreError) {
    let reader = try StoreReader.reading(parameters, path: path, origin: origin).reader
    let names = Set(parameters.map(\.name))
    file = reader.file
    notices = reader.notices
    metadata = file.header.metadata.filter { $0.key != "crc32c" }
    tensors = file.header.entries.filter { entry in
      entry.type == .f32 && (names.contains(entry.name) || names.contains { entry.name.hasPrefix($0 + "/") })
    }.map { StoredTensor(name: $0.name, shape: $0.shape) }
  }

  package func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    do throws(SafetensorsError) { try file.read(tensor, from: offset, into: destination) } catch {
      throw StoreReader.storeError(error, path)
    }
  }
}
