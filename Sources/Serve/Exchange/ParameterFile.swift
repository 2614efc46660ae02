package import Parameters

/// A file that holds parameters, of whichever ``ParameterForm``.
package protocol ParameterFile {
  /// The names of the tensors it has.
  var names: Set<String> { get }

  /// What a user should know about it.
  var notices: [String] { get }

  /// The values of `tensor`, which the model describes and ``names`` contains.
  func read(_ tensor: StoredTensor) throws -> [Float]
}

extension ParameterFile {
  package var notices: [String] { [] }
}

extension StoredFile: ParameterFile {
  package var names: Set<String> { Set(tensors.map(\.name)) }

  package func read(_ tensor: StoredTensor) throws -> [Float] {
    let shape = tensors.first { $0.name == tensor.name }?.shape
    guard shape == tensor.shape else {
      throw StoreError.doesNotFit(
        path: path, problems: ["'\(tensor.name)' has the shape \(shape ?? []), not \(tensor.shape)"])
    }
    return try read(tensor.name)
  }
}
