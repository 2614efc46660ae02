public import Kernels

/// Where parameters live: in memory, in a file, or on a parameter server.
///
/// One training step is `values = try store.exchange(push: gradientsOfThisBatch, pull: rowsOfTheNextBatch)`.
/// Calls are synchronous. One thread at a time trains through a store; what it is lent stays valid until the next
/// call that pushes or writes, whether that succeeds or not.
public protocol ParameterStore: ParameterReader, TensorSource {
  /// The schema, with the optimizers as they are now.
  var parameters: [ParameterSpec] { get }

  /// The number of pushes applied.
  var version: UInt64 { get }

  /// The end of what was applied of the stream called `source`, or `nil` if nothing was.
  func offset(ofSource source: String) throws -> UInt64?

  /// Applies `push`, then lends the dense parameters and the rows of `pull`.
  ///
  /// A push is applied as a whole or not at all. Without a `pull` nothing new is lent.
  ///
  /// - Throws: ``StoreError`` for gradients that do not fit the schema or are not finite.
  func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues

  /// Replaces the hyper-parameters of a parameter's optimizer from the next push on; the rule stays the same.
  func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws

  /// Replaces the elements of `tensor` from `offset` on. Not a push: ``version`` stays.
  func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws

  /// Makes everything pushed so far as durable as the store can; one that keeps nothing has nothing to do.
  func save() throws

  /// Ends training through the store: what it keeps for itself meanwhile, such as a file, others may have. Called after
  /// ``save()``; most stores have nothing to do.
  func close()
}

extension ParameterStore {
  public func close() {}

  /// Replaces all elements of `tensor`.
  public func write(_ values: [Float], to tensor: String) throws {
    guard let stored = tensors.first(where: { $0.name == tensor }) else { throw StoreError.unknownTensor(tensor) }
    guard stored.count == values.count else {
      throw StoreError.wrongCount(tensor: tensor, expected: stored.count, found: values.count)
    }
    var values = values
    try values.withMemoryView { try write($0, to: tensor, at: 0) }
  }
}
