package import Graph

/// What an output of a node is, while a graph is imported.
package enum ImportedTensor: Sendable {
  /// A value of the program.
  case value(Value)
  /// Integers that are known up to the batch size: what graphs compute shapes with. They become values only where data
  /// needs them.
  case integers(KnownIntegers)
  /// A variable itself, not its value.
  case variable(String)
  /// A list of tensors, as loops fill and read them; what was not set is ``nothing``.
  case list([ImportedTensor])
  /// Something that nothing can be computed with: a string, or the result of an operation that only has effects.
  case nothing
}

extension ImportedTensor {
  /// The single truth value it is, if that is known from the graph.
  var truth: Bool? {
    switch self {
    case .integers(let integers):
      guard integers.dtype == .bool, let constants = integers.constants, constants.count == 1 else { return nil }
      return constants[0] != 0
    case .value(let value):
      guard case .bool(let values)? = value.literal?.scalars, values.count == 1 else { return nil }
      return values[0]
    case .variable, .list, .nothing: return nil
    }
  }

  /// A known truth value.
  static func truth(_ value: Bool) -> ImportedTensor {
    .integers(KnownIntegers(.bool, shape: [], [value ? 1 : 0]))
  }
}

/// A tensor of integers, or of truth values as 0 and 1, of which every element is known up to the batch size.
package struct KnownIntegers: Hashable, Sendable {
  /// The element type.
  package var dtype: DType
  /// The extents.
  package var shape: [Int]
  /// The elements, row-major.
  package var elements: [Extent]

  /// The most elements that are worth following.
  package static let maximumCount = 4096

  /// The tensor of `shape` with `elements`.
  package init(_ dtype: DType, shape: [Int], _ elements: [Extent]) {
    precondition(Shape(shape).count == Extent(elements.count), "\(elements.count) elements for shape \(shape)")
    self.dtype = dtype
    self.shape = shape
    self.elements = elements
  }

  /// A vector.
  package init(_ dtype: DType, _ elements: [Extent]) { self.init(dtype, shape: [elements.count], elements) }

  /// The elements if they are the same for every batch size.
  package var constants: [Int]? {
    elements.allSatisfy(\.isFixed) ? elements.map(\.fixed) : nil
  }

  /// The integers as a value of `builder`.
  package func value(in builder: ProgramBuilder) throws(ShapeError) -> Value {
    if let constants {
      // What does not fit the type wraps, as TensorFlow's arithmetic on it would have.
      let scalars: Literal.Scalars =
        switch dtype {
        case .bool: .bool(constants.map { $0 != 0 })
        case .int32: .int32(constants.map { Int32(truncatingIfNeeded: $0) })
        default: .int64(constants.map { Int64($0) })
        }
      return try Value.constant(Literal(scalars, shape: shape), in: builder)
    }
    let parts = try elements.map { (element) throws(ShapeError) in
      try Value.extent(element, dtype, in: builder).reshaped(to: [1])
    }
    return try Value.concatenating(parts, along: 0).reshaped(to: Shape(shape))
  }
}
