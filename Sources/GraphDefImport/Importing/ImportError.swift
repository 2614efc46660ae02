public import Graph

/// Why a node of a graph could not be imported.
public struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with the node.
  public enum Reason: Error, Hashable, Sendable {
    /// The operation is not known.
    case unsupportedOp
    /// The element type is not supported.
    case unsupportedType(DataType)
    /// An attribute is not there.
    case missingAttribute(String)
    /// An attribute has a value that is not supported, or of another kind.
    case attribute(String, found: String, expected: String)
    /// An operand is not there.
    case missingOperand(Int)
    /// An operand has to be known when the graph is imported, but depends on data.
    case notConstant(Int, expected: String)
    /// The operands are not what the operation takes.
    case shape(ShapeError)
    /// A constant cannot be read.
    case constant(TensorProtoError)
    /// The node is part of a cycle.
    case cycle
    /// Something else, in words.
    case other(String)
  }

  /// The node's name.
  public var node: String
  /// Its operation.
  public var op: String
  /// What is wrong.
  public var reason: Reason

  public var description: String { "node '\(node)' (\(op)): \(reason)" }
}

extension ImportError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupportedOp: "the operation is not supported"
    case .unsupportedType(let type): "elements of type \(type) are not supported"
    case .missingAttribute(let name): "the attribute '\(name)' is missing"
    case .attribute(let name, let found, let expected): "the attribute '\(name)' is \(found), expected \(expected)"
    case .missingOperand(let index): "operand \(index) is missing"
    case .notConstant(let index, let expected):
      "operand \(index) depends on data, expected \(expected) known from the graph"
    case .shape(let error): "\(error)"
    case .constant(let error): "\(error)"
    case .cycle: "it is part of a cycle that is not one of TensorFlow's loops"
    case .other(let text): text
    }
  }
}

/// Why a graph could not be imported.
public enum GraphImportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A node that was asked for, or that another one needs, is not in the graph.
  case unknownNode(String, neededBy: String?, similar: [String])
  /// Two nodes have the same name.
  case duplicateNode(String)
  /// Nodes that are needed cannot be imported: all of them.
  case nodes([ImportError])

  public var description: String {
    switch self {
    case .unknownNode(let name, let neededBy, let similar):
      "the graph has no node '\(name)'" + (neededBy.map { ", which '\($0)' needs" } ?? "")
        + (similar.isEmpty ? "" : "; did you mean \(similar.map { "'\($0)'" }.joined(separator: " or "))?")
    case .duplicateNode(let name): "the graph has two nodes '\(name)'"
    case .nodes(let errors) where errors.count == 1: "\(errors[0])"
    case .nodes(let errors):
      "\(errors.count) nodes cannot be imported:\n" + errors.map { "  \($0)" }.joined(separator: "\n")
    }
  }
}
