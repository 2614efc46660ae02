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
  /// Something that nothing can be computed with: a string, or the result of an operation that only has effects.
  case nothing
}

/// An integer tensor of which every element is known up to the batch size.
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
        dtype == .int32 ? .int32(constants.map { Int32(truncatingIfNeeded: $0) }) : .int64(constants.map { Int64($0) })
      return try Value.constant(Literal(scalars, shape: shape), in: builder)
    }
    let parts = try elements.map { (element) throws(ShapeError) in
      try Value.extent(element, dtype, in: builder).reshaped(to: [1])
    }
    return try Value.concatenating(parts, along: 0).reshaped(to: Shape(shape))
  }
}
