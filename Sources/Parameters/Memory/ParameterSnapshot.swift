import Kernels
import Synchronization

/// A copy of all weights as they were between two pushes, which nobody changes any more.
public final class ParameterSnapshot: Sendable {
  /// The weights; valid while the snapshot is kept.
  public let values: ParameterValues

  fileprivate let memory: AlignedMemory

  fileprivate init(values: ParameterValues, memory: AlignedMemory) {
    self.values = values
    self.memory = memory
  }

  /// The number of pushes the weights contain.
  public var version: UInt64 { values.version }
}

/// A store whose weights can be copied while somebody trains through it.
public protocol SnapshotStore: ParameterStore {
  /// Copies all weights as they are between two pushes.
  ///
  /// - Parameter spare: A snapshot whose memory is taken and used again if nobody else keeps it.
  /// - Throws: ``StoreError/outOfMemory(parameter:byteCount:)``.
  /// - Complexity: One copy of the weights; pushes wait for it.
  func snapshot(reusing spare: inout ParameterSnapshot?) throws -> ParameterSnapshot
}

extension MemoryState {
  func snapshot(reusing spare: inout ParameterSnapshot?) throws(StoreError) -> ParameterSnapshot {
    // Every parameter begins a cache line.
    let counts = parameters.map { ($0.count + 15) & ~15 }
    let byteCount = counts.reduce(0, +) * MemoryLayout<Float>.stride
    let memory: AlignedMemory
    if isKnownUniquelyReferenced(&spare), let reusable = spare?.memory, reusable.byteCount == byteCount {
      memory = reusable
      spare = nil
    } else if let fresh = AlignedMemory(ifAvailable: byteCount) {
      memory = fresh
    } else {
      throw .outOfMemory(parameter: "a copy of all parameters", byteCount: byteCount)
    }
    var start = 0
    var values: [ParameterValues.Values] = []
    for (spec, count) in zip(parameters, counts) {
      let copy = memory.floats(at: start, count: spec.count)
      try read(spec.name, from: 0, into: copy)
      values.append(.init(scalars: copy, rowStride: spec.rowLength))
      start += count
    }
    return ParameterSnapshot(values: ParameterValues(parameters: values, version: version), memory: memory)
  }
}

extension MemoryStore: SnapshotStore {
  public func snapshot(reusing spare: inout ParameterSnapshot?) throws -> ParameterSnapshot {
    try state.withLock { state throws(StoreError) in try state.snapshot(reusing: &spare) }
  }
}

extension FileStore: SnapshotStore {
  public func snapshot(reusing spare: inout ParameterSnapshot?) throws -> ParameterSnapshot {
    try memory.withLock { memory throws(StoreError) in try memory.snapshot(reusing: &spare) }
  }
}
