import Foundation
import Graph
import GraphDefImport
import Kernels
import TestSupport
import Testing

/// The exported perceptron `Models/mlp.pb`, damaged in every way a test can think of: errors are fine, traps are not.
@Suite struct `A damaged model` {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Models").standardized.path()
  private static let pool = LanePool(lanes: 1)

  /// What became of a damaged graph.
  private enum Outcome: Int, CaseIterable {
    case notDecoded, notImported, notPlanned, failed, ran
  }

  /// Decodes, imports, plans and runs `bytes`, as far as it goes.
  private static func outcome(_ bytes: [UInt8], _ config: ModelConfig) -> Outcome {
    guard let file = try? GraphFile(decoding: bytes, path: "mlp.pb") else { return .notDecoded }
    var request = GraphDefImporter.Request(fetches: ["logits", "loss", "accuracy"])
    request.gradients = config.dense
    guard let program = try? GraphDefImporter(file.graph, config: config).program(request) else { return .notImported }
    var options = Plan.Options(lanes: 1)
    options.memoryLimit = 64 << 20
    guard let plan = try? Plan(program, batch: 3, options: options) else { return .notPlanned }
    guard let executor = try? Executor(plan, pool: pool) else { return .failed }
    var lent: [LentTensor] = []
    for (index, type) in program.types[..<program.inputs.count].enumerated() {
      guard let shape = type.shape.dimensions(batch: 3)?.array, shape.reduce(1, *) <= 1 << 20 else {
        return .notPlanned
      }
      let tensor = LentTensor(HostTensor(type.dtype, shape, [1]))
      lent.append(tensor)
      guard (try? executor.bind(tensor.view, to: index)) != nil else { return .failed }
    }
    return (try? executor.run()) == nil ? .failed : .ran
  }

  private static func load() throws -> (bytes: [UInt8], config: ModelConfig) {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: models + "/mlp.pb")))
    return (bytes, try ModelConfig(contentsOf: models + "/mlp.json"))
  }

  /// Changes a byte, a bit, a run of bytes or a number, or moves, repeats or removes a run.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    let run = place..<min(bytes.count, place + Int.random(in: 1...16, using: &random))
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = [0, 1, 2, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
    case 2: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
    case 3: bytes[place] &+= [1, 0xFF].randomElement(using: &random)!
    case 4: bytes.removeSubrange(run)
    case 5: bytes.insert(contentsOf: bytes[run], at: place)
    case 6:
      let from = Int.random(in: 0...bytes.count - run.count, using: &random)
      bytes.replaceSubrange(run, with: Array(bytes[from..<from + run.count]))
    default: bytes.replaceSubrange(run, with: run.map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `runs or is refused after many thousand mutations`() async throws {
    let (original, config) = try Self.load()
    #expect(Self.outcome(original, config) == .ran)
    #if DEBUG
      let count = 300
    #else
      // `make soak` sets SOAK and takes longer.
      let count = ProcessInfo.processInfo.environment["SOAK"] == nil ? 20_000 : 100_000
    #endif
    let outcomes = await withTaskGroup(of: [Int].self) { group in
      for half in 0..<2 {
        group.addTask {
          var outcomes = Outcome.allCases.map { _ in 0 }
          for seed in stride(from: half, to: count, by: 2) {
            var random = SplitMix64(seed: UInt64(seed))
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&bytes, &random) }
            outcomes[Self.outcome(bytes, config).rawValue] += 1
          }
          return outcomes
        }
      }
      return await group.reduce(Outcome.allCases.map { _ in 0 }) { total, part in zip(total, part).map { $0 + $1 } }
    }
    #expect(outcomes.reduce(0, +) == count)
    // Mutations reach all the layers.
    for outcome in [Outcome.notDecoded, .notImported, .ran] {
      #expect(outcomes[outcome.rawValue] > count / 100, "\(outcome): \(outcomes)")
    }
  }

  /// Numbers in attributes and constants, replaced by extreme ones: what random bytes seldom hit.
  @Test(.timeLimit(.minutes(5)))
  func `runs or is refused after extreme numbers take the place of its own`() throws {
    let (original, config) = try Self.load()
    let graph = try GraphDef(decoding: original)
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
          _ = Self.outcome(changed.encoded(), config)
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `is refused or imported at every length`() throws {
    let (original, config) = try Self.load()
    var decoded = 0
    for count in 0..<original.count {
      let bytes = Array(original[..<count])
      guard (try? GraphFile(decoding: bytes, path: "mlp.pb")) != nil else { continue }
      decoded += 1
      // A file that ends between two nodes is a graph; whether it has what is asked for depends on their order.
      _ = Self.outcome(bytes, config)
    }
    #expect(decoded > 10)
  }
}
