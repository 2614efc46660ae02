public import Kernels
import Synchronization

/// Parameters in this process's memory, which it lends without copying.
///
/// Nothing is allocated by an ``exchange(push:pull:)``. A pull without a push leaves what was lent before valid.
public final class MemoryStore: ParameterStore {
  let state: Mutex<MemoryState>

  /// A store of `parameters` at their initial values.
  ///
  /// - Parameter pool: The threads that share the update of a large parameter, for whoever pushes.
  /// - Throws: ``StoreError`` if two tensors would have the same name or a shape is impossible.
  public init(_ parameters: [ParameterSpec], pool: LanePool? = nil) throws {
    state = Mutex(try MemoryState(parameters, pool: pool))
  }

  init(_ state: MemoryState) { self.state = Mutex(state) }

  public var parameters: [ParameterSpec] { state.withLock { $0.parameters } }

  public var version: UInt64 { state.withLock { $0.version } }

  /// The end of what was applied of each stream, by name; at most 65,536 streams, those that were applied last.
  public var sourceOffsets: [String: UInt64] { state.withLock { $0.streams.byName } }

  public var prefersRowRequests: Bool { state.withLock { $0.prefersRowRequests } }

  public func offset(ofSource source: String) -> UInt64? { state.withLock { $0.streams[source] } }

  public var tensors: [StoredTensor] { state.withLock { $0.tensors } }

  public func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    try state.withLock { state throws(StoreError) in try state.exchange(push: push, pull: pull) }
  }

  public func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    try state.withLock { state throws(StoreError) in try state.setOptimizer(optimizer, of: parameter) }
  }

  public func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    try state.withLock { state throws(StoreError) in try state.read(tensor, from: offset, into: destination) }
  }

  public func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    try state.withLock { state throws(StoreError) in try state.write(values, to: tensor, at: offset) }
  }

  public func save() {}

  /// Continues from an earlier run: `version` pushes applied, streams read up to `sourceOffsets`.
  package func restore(version: UInt64, sourceOffsets: [String: UInt64]) {
    state.withLock { state in
      state.version = version
      state.streams = StreamEnds()
      for (name, end) in sourceOffsets { state.streams.advance(name, to: end) }
    }
  }
}
