import Foundation
import Kernels
import Parameters
import Serve
import TestSupport

/// The files of `Fixtures`, which all hold the same two tensors.
enum ExchangeFixture {
  static let folder = OnlearnProcess.packageFolder + "/Tests/ServeTests/Fixtures"
  static let tensors = [StoredTensor(name: "w", shape: [2, 3]), StoredTensor(name: "b", shape: [])]
  static let values: [String: [Float]] = ["w": [0.5, 1, 1.5, 2, 2.5, 3], "b": [-4]]
  static let keys = ReferenceStore.Keys(model: 2, parameters: ["w", "b"])

  /// One of the files.
  enum Form: String, CaseIterable, Sendable {
    case stored = "stored.npz"
    case deflated = "deflated.npz"
    case reference
    case store = "store.dt"

    var path: String { "\(folder)/\(rawValue)" }

    /// Opens the file at `path` as one of this form.
    func open(_ path: String) throws -> any ParameterFile {
      switch self {
      case .stored, .deflated: try NpzFile(path)
      case .reference: try ReferenceFile(path)
      case .store: try ReferenceStore(path, keys)
      }
    }

    /// Writes `source` to `path`.
    func write(_ source: any TensorSource, to path: String) throws {
      switch self {
      case .stored, .deflated: try NpzFile.write(source, to: path)
      case .reference: try ReferenceFile.write(["b", "w"], of: source, to: path)
      case .store: try ReferenceStore.write(keys, of: source, to: path)
      }
    }
  }

  /// Everything in a file, by name.
  static func contents(_ file: any ParameterFile) throws -> [String: [Float]] {
    var contents: [String: [Float]] = [:]
    for tensor in tensors { contents[tensor.name] = try file.read(tensor) }
    return contents
  }

  /// A store of the two tensors.
  static func store() throws -> MemoryStore {
    let store = try MemoryStore(tensors.map { ParameterSpec(name: $0.name, shape: $0.shape) })
    for (name, values) in values { try store.write(values, to: name) }
    return store
  }

  static func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
}
