import Kernels
package import Parameters
import Synchronization

/// A store that lends no more than it is asked for, as one across a network does: every other row is NaN.
package final class FarStore: StandInStore {
  package let base: any ParameterStore
  private let mirrors: [AlignedMemory]
  private let count = Mutex(0)

  /// Lends what `store` has.
  package init(_ store: MemoryStore) {
    base = store
    mirrors = store.parameters.map { AlignedMemory(byteCount: 4 * $0.count) }
  }

  /// How often something was exchanged.
  package var exchangeCount: Int { count.withLock { $0 } }

  package var prefersRowRequests: Bool { true }

  package func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    count.withLock { $0 += 1 }
    var lent = try base.exchange(push: push, pull: pull)
    for (number, spec) in parameters.enumerated() {
      let mirror = mirrors[number].view(of: Float.self, count: spec.count)
      let values = lent.parameters[number]
      if spec.kind == .dense {
        if pull != nil { mirror.copy(from: values.scalars[0..<spec.count]) }
      } else {
        if pull != nil { mirror.fill(.nan) }
        for rows in pull?.tables ?? [] where rows.parameter == number {
          for key in rows.keys.array.map(Int.init) {
            let start = key * values.rowStride
            mirror[key * spec.rowLength..<(key + 1) * spec.rowLength]
              .copy(from: values.scalars[start..<start + spec.rowLength])
          }
        }
      }
      lent.parameters[number] = .init(scalars: mirror, rowStride: spec.rowLength)
    }
    return lent
  }
}
