import Foundation
import Graph
import GraphDefImport
import Kernels
import TestSupport

/// A model to damage: errors are fine, traps are not.
struct DamagedModel: Sendable {
  /// What became of a damaged graph.
  enum Outcome: Int, CaseIterable {
    case notDecoded, notImported, notPlanned, failed, ran
  }

  /// The undamaged graph.
  let bytes: [UInt8]
  private let config: ModelConfig

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    .path()

  /// The model whose files `name`, in the package's folder, are called.
  init(_ name: String) throws {
    bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(Self.root)/\(name).pb")))
    config = try ModelConfig(contentsOf: "\(Self.root)/\(name).json")
  }

  /// The models in `folder`.
  static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { "\(folder)/\($0.dropLast(5))" }.sorted()
  }

  /// Decodes, imports, plans and runs `bytes`, as far as it goes.
  func outcome(_ bytes: [UInt8]) -> Outcome {
    var tensors: [TensorType: LentTensor] = [:]
    return outcome(bytes, &tensors)
  }

  private func outcome(_ bytes: [UInt8], _ tensors: inout [TensorType: LentTensor]) -> Outcome {
    guard let file = try? GraphFile(decoding: bytes, path: "model.pb") else { return .notDecoded }
    var request = GraphDefImporter.Request(fetches: ["logits", "loss"] + config.observe)
    request.gradients = config.dense
    request.appliesGradientTransforms = true
    guard let importer = try? GraphDefImporter(file.graph, config: config), (try? importer.trainStep()) != nil,
      let program = try? importer.program(request)
    else { return .notImported }
    var options = Plan.Options(lanes: 1)
    options.memoryLimit = 64 << 20
    guard let plan = try? Plan(program, batch: 3, options: options) else { return .notPlanned }
    guard let executor = try? Executor(plan, pool: LanePool(lanes: 1)) else { return .failed }
    for (index, type) in program.types[..<program.inputs.count].enumerated() {
      guard let shape = type.shape.dimensions(batch: 3)?.array, shape.reduce(1, *) <= 1 << 20 else {
        return .notPlanned
      }
      let tensor = tensors[type] ?? LentTensor(HostTensor(type.dtype, shape, [1]))
      tensors[type] = tensor
      guard (try? executor.bind(tensor.view, to: index)) != nil else { return .failed }
    }
    return (try? executor.run()) == nil ? .failed : .ran
  }

  /// How often each outcome is that of a mutation; each of `seeds` decides one.
  func outcomes(ofMutations seeds: StrideTo<Int>) -> [Outcome: Int] {
    var outcomes: [Outcome: Int] = [:]
    var tensors: [TensorType: LentTensor] = [:]
    for seed in seeds {
      var random = SplitMix64(seed: UInt64(seed))
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&mutated, &random) }
      outcomes[outcome(mutated, &tensors), default: 0] += 1
    }
    return outcomes
  }

  /// Changes a byte, a bit, a run of bytes or a number, or moves, repeats or removes a run.
  static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
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
}
