package import Kernels
package import Parameters

/// A store of a test that stands before another one, and leaves to it what it does not do in its own way.
package protocol StandInStore: ParameterStore {
  /// The store behind it.
  var base: any ParameterStore { get }
}

extension StandInStore {
  package var parameters: [ParameterSpec] { base.parameters }
  package var version: UInt64 { base.version }
  package var prefersRowRequests: Bool { base.prefersRowRequests }
  package var tensors: [StoredTensor] { base.tensors }

  package func offset(ofSource source: String) throws -> UInt64? { try base.offset(ofSource: source) }

  package func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    try base.setOptimizer(optimizer, of: parameter)
  }

  package func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    try base.read(tensor, from: offset, into: destination)
  }

  package func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    try base.write(values, to: tensor, at: offset)
  }

  package func save() throws { try base.save() }

  package func close() { base.close() }
}
