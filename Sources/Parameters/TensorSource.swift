public import Kernels

/// Where tensors are read by name: a store, or a file.
public protocol TensorSource {
  /// The tensors, in order: every parameter's weights under its name, each followed by the optimizer's state,
  /// `NAME/slot`.
  var tensors: [StoredTensor] { get }

  /// Copies the elements of `tensor` from `offset` on, as many as `destination` has.
  func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws
}

extension TensorSource {
  /// All elements of `tensor`.
  public func read(_ tensor: String) throws -> [Float] {
    guard let stored = tensors.first(where: { $0.name == tensor }) else { throw StoreError.unknownTensor(tensor) }
    var values = [Float](repeating: 0, count: stored.count)
    try values.withMemoryView { try read(tensor, from: 0, into: $0) }
    return values
  }
}

/// The name and shape of a tensor in a store: weights, or a slot of an optimizer.
public struct StoredTensor: Hashable, Sendable {
  /// The name, `w1` or `w1/momentum`.
  public var name: String
  /// The extents, outermost first.
  public var shape: [Int]

  /// A tensor called `name`.
  public init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
}
