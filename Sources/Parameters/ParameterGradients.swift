public import Kernels

/// The gradient of one parameter.
public enum Gradient: Sendable {
  /// The batch does not touch the parameter: neither weights nor optimizer state change.
  case none
  /// ∂L/∂w in the parameter's shape.
  case dense(MemoryView<Float>)
  /// ∂L/∂w of the rows `keys`, strictly ascending; `values` has the shape `[keys, rowLength]`.
  case rows(keys: MemoryView<Int64>, values: MemoryView<Float>)
}

/// What a batch teaches: a gradient for every parameter, and where in its stream the batch came from.
public struct ParameterGradients: Sendable {
  /// By parameter number.
  public var gradients: [Gradient]
  /// The range of the stream that the batch was read from; with it a repeated push is applied once.
  public var source: SourceRange?

  /// Gradients of a batch from `source`.
  public init(gradients: [Gradient], source: SourceRange? = nil) {
    self.gradients = gradients
    self.source = source
  }
}

/// A part of an ordered stream of examples, one partition or one client's run.
public struct SourceRange: Hashable, Sendable {
  /// The name of the stream.
  public var name: String
  /// The offset of the first example; equals the previous batch's ``end``.
  public var begin: UInt64
  /// The offset after the last example.
  public var end: UInt64

  /// The examples `begin..<end` of the stream `name`.
  public init(name: String, begin: UInt64, end: UInt64) {
    self.name = name
    self.begin = begin
    self.end = end
  }
}
