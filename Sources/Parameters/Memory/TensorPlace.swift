/// Where a stored tensor's elements are found.
package struct TensorPlace: Sendable {
  /// A part of a parameter's state.
  package enum Part: Hashable, Sendable {
    case weights
    case slot(Int)
    case scalar(Int)

    /// Where in a row of a table the part lies, and how many elements a row has of it.
    func range(in layout: RowLayout) -> (start: Int, length: Int) {
      switch self {
      case .weights: (0, layout.rowLength)
      case .slot(let slot): ((1 + slot) * layout.rowLength, layout.rowLength)
      case .scalar(let scalar): ((1 + layout.slotCount) * layout.rowLength + scalar, 1)
      }
    }
  }

  /// The number of the parameter.
  package let parameter: Int
  /// The number of the tensor among the store's.
  package let tensor: Int
  /// Which part of the parameter it is.
  package let part: Part

  /// The tensors that a store of `parameters` keeps, in order, and their places by name.
  package static func list(
    _ parameters: [ParameterSpec]
  ) throws(StoreError) -> (tensors: [StoredTensor], places: [String: TensorPlace]) {
    var tensors: [StoredTensor] = []
    var places: [String: TensorPlace] = [:]
    for (index, spec) in parameters.enumerated() {
      try spec.checkSchema()
      for (part, tensor) in spec.parts {
        guard places.updateValue(.init(parameter: index, tensor: tensors.count, part: part), forKey: tensor.name) == nil
        else { throw .invalidSchema(parameter: spec.name, problem: "there are two tensors called '\(tensor.name)'") }
        tensors.append(tensor)
      }
    }
    return (tensors, places)
  }
}

extension ParameterSpec {
  /// Checks that a store can keep `parameters`: names that are there and differ, shapes that are possible.
  package static func check(_ parameters: [ParameterSpec]) throws(StoreError) { _ = try TensorPlace.list(parameters) }

  /// The largest size of a parameter with its optimizer's state.
  private static let byteLimit = 1 << 40

  /// The weights and the optimizer's state as tensors.
  fileprivate var parts: [(TensorPlace.Part, StoredTensor)] {
    let rule = optimizer.rule.base
    let scalarShape = kind == .table && type(of: rule).keepsScalarsPerRow ? [rowCount] : []
    return [(.weights, StoredTensor(name: name, shape: shape))]
      + rule.slots.enumerated().map { (.slot($0), StoredTensor(name: "\(name)/\($1.name)", shape: shape)) }
      + rule.scalars.enumerated().map { (.scalar($0), StoredTensor(name: "\(name)/\($1.name)", shape: scalarShape)) }
  }

  /// Checks that the parameter can be kept.
  fileprivate func checkSchema() throws(StoreError) {
    guard !name.isEmpty else { throw .invalidSchema(parameter: name, problem: "a parameter without a name") }
    guard kind == .dense || !shape.isEmpty else {
      throw .invalidSchema(parameter: name, problem: "a table needs an axis of rows, but is a scalar")
    }
    let limit = Self.byteLimit / (4 * (1 + optimizer.rule.base.slots.count) + 8)
    // Rows have a length even if there are none.
    guard let count = checkedCount, count <= limit, rowCount <= limit,
      let rowLength = Self.checkedCount(of: shape.dropFirst()), rowLength <= limit
    else { throw .invalidSchema(parameter: name, problem: "the shape \(shape) is impossible or too large") }
  }
}
