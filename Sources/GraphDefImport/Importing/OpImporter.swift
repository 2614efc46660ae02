package import Graph

/// How nodes of one TensorFlow operation become primitives.
package struct OpImporter: Sendable {
  /// Whether the result's gradient is known, for the table of operations.
  package let isDifferentiable: Bool
  /// Makes a node's outputs.
  package let makeOutputs: @Sendable (NodeReader) throws -> [ImportedTensor]

  /// An importer of nodes with any outputs.
  package init(
    isDifferentiable: Bool = true, outputs: @escaping @Sendable (NodeReader) throws -> [ImportedTensor]
  ) {
    self.isDifferentiable = isDifferentiable
    makeOutputs = outputs
  }

  /// An importer of nodes with one output that is a value.
  package init(isDifferentiable: Bool = true, _ makeValue: @escaping @Sendable (NodeReader) throws -> Value) {
    self.init(isDifferentiable: isDifferentiable, outputs: { [.value(try makeValue($0))] })
  }

  /// All operations that can be imported, by name.
  package static let all: [String: OpImporter] = {
    var all: [String: OpImporter] = [:]
    for table in tables {
      all.merge(table) { _, _ in preconditionFailure("an operation is in two tables") }
    }
    return all
  }()

  private static let tables: [[String: OpImporter]] = [
    math, comparisons, reductions, matrices, neural, arrays, slices, shapes, variables, random, gradients, images,
    segments, parts, functions, normalization, branches, einsum, resizing, lists, sequences,
  ]
}

/// A TensorFlow operation as the documentation lists it.
public struct SupportedOp: Hashable, Sendable {
  /// Its name.
  public var name: String
  /// Whether it can be differentiated.
  public var isDifferentiable: Bool
  /// In which cases it is supported, or differs from TensorFlow's; empty where it is in all and does not.
  public var limits: String

  /// All operations that can be imported, in alphabetical order.
  public static let all: [SupportedOp] = OpImporter.all
    .map { name, importer in
      SupportedOp(name: name, isDifferentiable: importer.isDifferentiable, limits: OpImporter.limits[name] ?? "")
    }
    .sorted { $0.name < $1.name }
}
