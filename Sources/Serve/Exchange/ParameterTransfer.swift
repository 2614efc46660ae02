import Files
import GraphDefImport
import Kernels
import PS
public import Parameters
import Wire

/// What an import or export has moved.
public struct ParameterTransfer: Hashable, Sendable {
  /// The tensors.
  public var tensors: Int
  /// Their values.
  public var values: Int
  /// What a user should know.
  public var notices: [String]

  /// A transfer of so many tensors and values.
  public init(tensors: Int, values: Int, notices: [String] = []) {
    self.tensors = tensors
    self.values = values
    self.notices = notices
  }
}

extension Model {
  /// Writes the parameters in `store` to the file at `path`, which is replaced.
  ///
  /// What is trained meanwhile is read tensor by tensor, each as it is then.
  public func exportParameters(
    in store: StoreSpecification, as form: ParameterForm, to path: String, options: StoreOptions = StoreOptions()
  ) throws -> ParameterTransfer {
    let source: any TensorSource
    let metadata: [(key: String, value: String)]
    let notices: [String]
    if case .file(let path) = store {
      let file = try StoredFile(scoringSpecs, path: path, origin: origin)
      (source, metadata, notices) = (file, file.metadata, file.notices)
    } else {
      let (store, storeNotices) = try openStoreForScoring(store, options: options)
      (source, metadata, notices) = (store, origin.metadata(step: store.version), storeNotices)
    }
    try form.write(source, of: self, metadata: metadata, to: path)
    let written = form.holdsState ? source.tensors.count : parameters.count
    let weights = Set(parameters.map(\.name))
    let values = source.tensors.filter { form.holdsState || weights.contains($0.name) }.map(\.count).reduce(0, +)
    return ParameterTransfer(tensors: written, values: values, notices: notices)
  }

  /// Brings the parameters in the file at `path` into `store`.
  ///
  /// All of them are read and checked before anything is written. A file store is written anew, also in the place of
  /// one that is there: optimizer state that the file lacks is as at the beginning, the step is 0, and no stream is
  /// applied. A model that is new to servers begins so too. Of one that they have, the weights are replaced, and the
  /// state that the file has; other state, hyper-parameters, the step and the ends of streams stay.
  ///
  /// - Parameters:
  ///   - optimizers: What will train the parameters, one for each.
  ///   - replaces: Whether parameters that the store has already are replaced; it is an error otherwise.
  public func importParameters(
    from path: String, as form: ParameterForm, into store: StoreSpecification, optimizers: [Optimizer],
    frozen: Set<String> = [], replaces: Bool = false, options: StoreOptions = StoreOptions()
  ) throws -> ParameterTransfer {
    let initial = try InitialValueReader(self, seed: options.seed).parameters(options.initialization).initial
    let specs = specs(optimizers: optimizers, frozen: frozen, initialValues: initial)
    let file = try form.open(path, for: self)
    let values = try values(of: TensorPlace.list(specs).tensors, in: file, path)
    switch store {
    case .memory: throw DataError("memory", .usage("keeps nothing; import into file:PATH or ps:HOST:PORT"))
    case .file(let path): try put(values, intoFileAt: path, specs, replaces)
    case .servers: try put(values, into: store, specs, replaces, options)
    }
    var transfer = ParameterTransfer(tensors: values.count, values: values.map(\.values.count).reduce(0, +))
    transfer.notices = file.notices
    let ignored = file.names.subtracting(values.map(\.name)).sorted()
    if !ignored.isEmpty {
      let names = ignored.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
      transfer.notices.append(
        "'\(path)' has \(ignored.count) tensors that this model lacks (\(names)); they are ignored")
    }
    return transfer
  }

  /// The values of those of `tensors` that `file` has; it must have all weights.
  private func values(
    of tensors: [StoredTensor], in file: any ParameterFile, _ path: String
  ) throws -> [(name: String, values: [Float])] {
    let names = file.names
    let missing = parameters.map(\.name).filter { !names.contains($0) }
    guard missing.isEmpty else {
      throw StoreError.doesNotFit(path: path, problems: missing.map { "it has no '\($0)'" })
    }
    return try tensors.filter { names.contains($0.name) }.map { tensor in
      var values = try file.read(tensor)
      if let position = values.withMemoryView({ $0.firstNonFinite }) {
        let error = StoreError.notFinite(tensor: tensor.name, position: position, row: nil)
        throw StoreError.doesNotFit(path: path, problems: ["\(error)"])
      }
      return (tensor.name, values)
    }
  }

  private func put(
    _ values: [(name: String, values: [Float])], intoFileAt path: String, _ specs: [ParameterSpec], _ replaces: Bool
  ) throws {
    guard replaces || SystemFiles.kind(path) == .nothing else { throw Self.isThere(path) }
    let memory = try MemoryStore(specs)
    for (name, values) in values { try memory.write(values, to: name) }
    // Who trains the file would write over it.
    let lock = try FileStore.lock(SystemFiles.resolved(path))
    try ParameterForm.writeSafetensors(memory, metadata: origin.metadata(step: 0), to: path)
    withExtendedLifetime(lock) {}
  }

  private func put(
    _ values: [(name: String, values: [Float])], into store: StoreSpecification, _ specs: [ParameterSpec],
    _ replaces: Bool, _ options: StoreOptions
  ) throws {
    guard case .servers(let addresses) = store else { return }
    // Values that are there already are an administrator's to replace.
    let links = options.cluster.linkOptions(replaces ? .admin : .worker)
    let cluster = try Cluster.find(addresses, options: links)
    let servers = NetworkLinks(cluster.servers, options: links)
    var isUnfinished = false
    if replaces, let client = try ParameterClient(findingIfThere: config.modelName, links: servers) {
      try check(client.parameters)
      do {
        try client.checkMayWrite()
        return try replace(values, in: client)
      } catch ClientError.refused(let refusal) where refusal.code == .valuesMissing {
        // An earlier import did not end, so that the model waits for values as a new one does.
        isUnfinished = true
      }
    }
    var clientOptions = ParameterClient.Options()
    clientOptions.consistency = options.cluster.consistency ?? cluster.defaults.consistency
    clientOptions.workers = options.cluster.workers ?? cluster.defaults.workers
    let client = try ParameterClient(
      specs, name: config.modelName, links: servers, options: clientOptions, values: values)
    guard client.hasBroughtValues else { throw Self.isThere("\(config.modelName) on \(store)") }
    // Where the earlier import ended, on some of several servers, the model has other values.
    if isUnfinished { try replace(values, in: client) }
  }

  /// Writes those of `values` that the servers have a place for.
  private func replace(_ values: [(name: String, values: [Float])], in client: ParameterClient) throws {
    for (name, values) in values
    where client.tensors.contains(where: { $0.name == name && $0.count == values.count }) {
      try client.write(values, to: name)
    }
  }

  private static func isThere(_ place: String) -> DataError {
    DataError(place, .cannotCreate("it is there already; add --replace to replace its values"))
  }
}
