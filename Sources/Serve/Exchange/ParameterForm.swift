import Files
import GraphDefImport
import Kernels
import Parameters

/// A form in which a file holds a model's parameters for other programs.
public enum ParameterForm: Hashable, Sendable, CustomStringConvertible {
  /// Python's safetensors, which is also what a file store writes: weights and the optimizers' state.
  case safetensors
  /// NumPy's archive of arrays: the same.
  case npz
  /// The reference system's file of one model: weights.
  case reference
  /// The file of the reference's parameter server, whose models are numbered in a list: weights.
  case storeData(modelList: String)

  /// Reads `safetensors`, `npz`, `reference`, or `store.dt:` and the path of the list of models.
  public init?(_ text: String) {
    let prefix = "store.dt:"
    switch text {
    case "safetensors": self = .safetensors
    case "npz": self = .npz
    case "reference": self = .reference
    case _ where text.hasPrefix(prefix) && text.count > prefix.count:
      self = .storeData(modelList: String(text.dropFirst(prefix.count)))
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .safetensors: "safetensors"
    case .npz: "npz"
    case .reference: "reference"
    case .storeData(let list): "store.dt:\(list)"
    }
  }

  /// How each is written on the command line, and what it is.
  public static let help = [
    "safetensors          Python's safetensors, as a file store writes it: weights and the optimizers' state",
    "npz                  NumPy's archive of arrays: the same",
    "reference            the reference system's file of one model: weights",
    "store.dt:MODEL_LIST  the file of the reference's parameter server, and the list that numbers its models: weights",
  ]

  /// Whether it has the optimizers' state beside the weights.
  var holdsState: Bool { self == .safetensors || self == .npz }

  /// Opens the file at `path` with the parameters of `model`.
  func open(_ path: String, for model: Model) throws -> any ParameterFile {
    switch self {
    case .safetensors: try StoredFile(model.scoringSpecs, path: path, origin: model.origin)
    case .npz: try NpzFile(path)
    case .reference: try ReferenceFile(path)
    case .storeData(let list): try ReferenceStore(path, keys(of: model, list))
    }
  }

  /// Replaces the file at `path` by tensors of `source`, the parameters of `model`.
  ///
  /// - Parameter metadata: What a safetensors file says about them.
  func write(
    _ source: any TensorSource, of model: Model, metadata: [(key: String, value: String)], to path: String
  ) throws {
    switch self {
    case .safetensors: try Self.writeSafetensors(source, metadata: metadata, to: path)
    case .npz: try NpzFile.write(source, to: path)
    case .reference: try ReferenceFile.write(model.parameters.map(\.name), of: source, to: path)
    case .storeData(let list): try ReferenceStore.write(keys(of: model, list), of: source, to: path)
    }
  }

  /// Replaces the file at `path`, or where a link there leads.
  static func writeSafetensors(
    _ source: any TensorSource, metadata: [(key: String, value: String)], to path: String
  ) throws {
    let path = SystemFiles.resolved(path)
    do {
      // The checksum is filled in at the end, which is possible in files only.
      guard SystemFiles.kind(path) != .other else { throw SystemFiles.notAFile(path) }
      try SafetensorsWriter(path: path).replace(tensors: source.tensors, metadata: metadata, read: source.read)
    } catch let error as FileError {
      throw StoreError(error)
    }
  }

  private func keys(of model: Model, _ list: String) throws(DataError) -> ReferenceStore.Keys {
    let names = model.parameters.map(\.name)
    guard names.count <= ReferenceStore.parameterLimit else {
      throw DataError(
        model.config.modelName,
        .tooLarge(what: "the number of parameters (\(names.count))", limit: "\(ReferenceStore.parameterLimit)"))
    }
    return ReferenceStore.Keys(
      model: try ModelList(list).number(of: model.config.modelName), parameters: names)
  }
}
