import Foundation
import GraphDefImport
import Kernels
import TestSupport
import Testing

/// The exported perceptron `Models/mlp.pb`, damaged in every way a test can think of: errors are fine, traps are not.
@Suite struct `A damaged model` {
  private let mlp: DamagedModel

  init() throws { mlp = try DamagedModel("Models/mlp") }

  @Test(.timeLimit(.minutes(5)))
  func `runs or is refused after many thousand mutations`() async throws {
    let mlp = mlp
    #expect(mlp.outcome(mlp.bytes) == .ran)
    #if DEBUG
      let count = 300
    #else
      // `make soak` sets SOAK and takes longer.
      let count = ProcessInfo.processInfo.environment["SOAK"] == nil ? 20_000 : 100_000
    #endif
    let outcomes = await withTaskGroup(of: [DamagedModel.Outcome: Int].self) { group in
      for half in 0..<2 {
        group.addTask {
          mlp.outcomes(ofMutations: stride(from: half, to: count, by: 2))
        }
      }
      return await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
    #expect(outcomes.values.reduce(0, +) == count)
    // Mutations reach all the layers.
    for outcome in [DamagedModel.Outcome.notDecoded, .notImported, .ran] {
      #expect(outcomes[outcome] ?? 0 > count / 100, "\(outcome): \(outcomes)")
    }
  }

  /// Numbers in attributes and constants, replaced by extreme ones: what random bytes seldom hit.
  @Test(.timeLimit(.minutes(5)))
  func `runs or is refused after extreme numbers take the place of its own`() throws {
    let graph = try GraphDef(decoding: mlp.bytes)
    #if DEBUG
      let extremes: [Int64] = [.min, -1, 0, .max]
    #else
      let extremes: [Int64] = [.min, .min + 1, -2, -1, 0, 1, 3, 1 << 20, 1 << 31, 1 << 40, 1 << 62, .max]
    #endif
    for (position, node) in graph.nodes.enumerated() {
      for (name, value) in node.attributes {
        for extreme in extremes {
          var changed = GraphDefBuilder()
          changed.graph = graph
          switch value {
          case .int: changed.graph.nodes[position].attributes[name] = .int(extreme)
          case .float: changed.graph.nodes[position].attributes[name] = .float(Float(extreme))
          case .shape(let shape):
            guard var dimensions = shape.dimensions, !dimensions.isEmpty, extreme >= -1 else { continue }
            dimensions[dimensions.count - 1] = Int(extreme)
            changed.graph.nodes[position].attributes[name] = .shape(TensorShapeProto(dimensions))
          case .tensor(let tensor):
            var tensor = tensor
            if tensor.dataType == .int32 {
              tensor.values = .int32s([Int32(truncatingIfNeeded: extreme)])
            } else if extreme >= 0 {
              tensor.shape = TensorShapeProto((tensor.shape.dimensions ?? []) + [Int(extreme)])
            }
            changed.graph.nodes[position].attributes[name] = .tensor(tensor)
          default: continue
          }
          _ = mlp.outcome(changed.encoded())
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `is refused or imported at every length`() throws {
    var decoded = 0
    for count in 0..<mlp.bytes.count {
      let bytes = Array(mlp.bytes[..<count])
      guard (try? GraphFile(decoding: bytes, path: "mlp.pb")) != nil else { continue }
      decoded += 1
      // A file that ends between two nodes is a graph; whether it has what is asked for depends on their order.
      _ = mlp.outcome(bytes)
    }
    #expect(decoded > 10)
  }

  /// The bundled models and the networks of the fixtures, whose graphs have loops, branches and functions.
  private static let others: [String] = {
    let fixtures = DamagedModel.names(in: "Tests/Fixtures/networks")
    return DamagedModel.names(in: "Models").filter { $0 != "Models/mlp" } + fixtures
  }()

  @Test(.timeLimit(.minutes(5)), arguments: others)
  func `runs or is refused after mutations of any graph`(_ name: String) throws {
    #if DEBUG
      let count = 10
    #else
      let isSoak = ProcessInfo.processInfo.environment["SOAK"] != nil
      let count = name == "Models/ffm" ? (isSoak ? 500 : 50) : (isSoak ? 10_000 : 1_000)
    #endif
    let outcomes = try DamagedModel(name).outcomes(ofMutations: stride(from: 0, to: count, by: 1))
    #expect(outcomes.values.reduce(0, +) == count)
    #expect(outcomes.count > 1)
  }
}
