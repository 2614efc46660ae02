import Kernels
import NIOCore
public import Parameters
import Synchronization
import Wire

/// Parameters on one or several parameter servers.
///
/// An exchange is one round trip to every server, all at the same time: gradients of this batch there, values for the
/// next one back. Of tables only the rows that a batch touches travel. A push is applied once by each server, however
/// often it had to be sent.
///
/// The values that are lent lie in memory of the client's own, of which only pages that were touched exist.
public final class ParameterClient: ParameterStore {
  /// How a client takes part in training a model.
  public struct Options: Sendable {
    /// The worker's number among those that keep in step, from 0; `nil` for one that only reads or trains alone.
    public var rank: Int?
    /// How far workers may get ahead of each other.
    public var consistency = Consistency.asynchronous
    /// How many workers train the model.
    public var workers = 1

    /// The defaults.
    public init() {}
  }

  /// The model's name on the servers.
  public let name: String
  let links: any ServerLinks
  let partition: ModelPartition
  public let tensors: [StoredTensor]
  let places: [String: TensorPlace]
  private let mirrors: [AlignedMemory]
  private let views: [MemoryView<Float>]
  private let lent: [ParameterValues.Values]
  private let consistency: Consistency
  private let state: Mutex<State>

  /// What changes from call to call.
  struct State {
    /// The model's number, by shard.
    var models: [UInt32]
    /// The schema, with the optimizers as they are now.
    var parameters: [ParameterSpec]
    var version: UInt64
    /// The clocks completed, by shard: they differ where a shard has lost some with its power.
    var clocks: [UInt32]
    /// The dense tensors that are mirrored, by shard.
    var revisions: [UInt64]
    /// The gradients' buffers, used again.
    var writers: [MessageWriter]
    /// Whether the model started with this client's values.
    var hasBroughtValues = false
  }

  /// Registers `parameters` as the model `name`, or finds it on the servers.
  ///
  /// - Parameters:
  ///   - values: The values of parameters that do not start with their `initialValues`, by name; used if the model is
  ///     new.
  /// - Throws: ``ClientError``, also if a server has forgotten a model that others train; `StoreError` if there is no
  ///   memory for a parameter.
  public convenience init(
    _ parameters: [ParameterSpec], name: String, links: any ServerLinks, options: Options = Options(),
    values: [(name: String, values: [Float])] = []
  ) throws {
    try self.init(parameters, name, links, options.consistency)
    try register(options, values)
  }

  /// Finds the model `name`, which somebody has registered.
  ///
  /// - Throws: ``ClientError``, with error 302 if there is no such model.
  public convenience init(reading name: String, links: any ServerLinks) throws {
    let answers = try links.call(
      [ServerRequest?](
        repeating: ServerRequest(reading: .describeModel, DescribeRequest(name: name).payload), count: links.count))
    let replies = try links.reading(answers) { (payload) throws(Refusal) in try DescribeReply(reading: payload) }
    try self.init(replies[0].schema.parameters, name, links, .asynchronous)
    state.withLock { state in
      state.models = replies.map(\.model)
      state.version = replies.map(\.prefix.version).min() ?? 0
    }
  }

  /// Finds the model `name`, or nothing if nobody has registered it.
  public convenience init?(findingIfThere name: String, links: any ServerLinks) throws {
    do {
      try self.init(reading: name, links: links)
    } catch ClientError.refused(let refusal) where refusal.code == .unknownModel {
      return nil
    }
  }

  private init(
    _ parameters: [ParameterSpec], _ name: String, _ links: any ServerLinks, _ consistency: Consistency
  ) throws {
    self.name = name
    self.links = links
    self.consistency = consistency
    (tensors, places) = try TensorPlace.list(parameters)
    for spec in parameters {
      guard spec.shape.allSatisfy({ $0 <= UInt32.max }), spec.kind == .table || spec.count <= UInt32.max else {
        let problem = "the shape \(spec.shape) has more rows or elements than messages can name, 2^32 - 1"
        throw StoreError.invalidSchema(parameter: spec.name, problem: problem)
      }
    }
    partition = ModelPartition(parameters, ShardMap(shards: links.count))
    mirrors = try parameters.map { spec in
      guard let memory = AlignedMemory(ifAvailable: 4 * spec.count, hugePages: spec.kind == .dense, isSparse: true)
      else { throw StoreError.outOfMemory(parameter: spec.name, byteCount: 4 * spec.count) }
      return memory
    }
    views = zip(mirrors, parameters).map { $0.view(of: Float.self, count: $1.count) }
    lent = zip(views, parameters).map { .init(scalars: $0, rowStride: $1.rowLength) }
    state = Mutex(
      State(
        models: [], parameters: parameters, version: 0,
        clocks: [UInt32](repeating: 0, count: links.count),
        revisions: [UInt64](repeating: 0, count: links.count),
        writers: [MessageWriter](repeating: MessageWriter(), count: links.count)))
  }

  public var parameters: [ParameterSpec] { state.withLock { $0.parameters } }

  public var version: UInt64 { state.withLock { $0.version } }

  /// Whether the model was new and started with the values that this client brought.
  public var hasBroughtValues: Bool { state.withLock { $0.hasBroughtValues } }

  /// The updates that servers had acknowledged and then lost with their power.
  public var lostUpdates: UInt64 { links.lostUpdates }

  public var prefersRowRequests: Bool { true }

  public func offset(ofSource source: String) throws -> UInt64? {
    let id = SourceID.of(source)
    let models = state.withLock { $0.models }
    let answers = try links.call(
      models.map { model in
        var writer = MessageWriter()
        writer.integer(model)
        return ServerRequest(reading: .getOffsets, writer.payload)
      })
    let ends = try links.reading(answers) { (payload) throws(Refusal) in try OffsetsReply(reading: payload).offsets[id]
    }
    // A batch that one shard misses is sent again to all; those that have it ignore it.
    return ends.contains(nil) ? nil : ends.compactMap(\.self).min()
  }

  public func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    try state.withLock { state in
      // A single server looks at the values too and refuses all of them; of several, some would apply their part.
      if let push { try push.check(against: state.parameters, looksAtValues: links.count > 1) }
      if let pull { try pull.check(against: state.parameters) }
      var isDuplicate = false
      if push != nil || pull != nil { isDuplicate = try exchange(push, pull, &state) }
      if pull?.wantsAllRows == true { try pullAllRows(&state) }
      return ParameterValues(parameters: lent, version: state.version, isDuplicate: isDuplicate)
    }
  }

  /// Everything pushed is with the servers, which keep it as their durability says.
  public func save() {}
}

// One round trip.
extension ParameterClient {
  private func exchange(_ push: ParameterGradients?, _ pull: RowRequest?, _ state: inout State) throws -> Bool {
    let pushed = push.map { KeyGroup.groups(of: $0, partition.map) } ?? []
    let pulled = pull.map { KeyGroup.groups(of: $0, partition.map) }
    let unknown = [UInt64](repeating: 0, count: links.count)
    let known = push == nil ? state.revisions : unknown
    var requests: [ServerRequest?] = []
    var expected: [PulledValues] = []
    for shard in 0..<links.count {
      requests.append(
        push.map { changing($0, pushed, pulled, shard, knowing: known[shard], &state) }
          ?? reading(pulled ?? [], shard, knowing: known[shard], state))
      expected.append(
        pulled.map { partition.values($0, from: shard, knowing: known[shard], to: views) } ?? .none)
    }
    // Of an answer that does not come whole, the beginning may have been copied.
    if pull != nil { state.revisions = known }
    // A gradient that lies in what was lent has to stay as it is until it is applied.
    let copiesEarly = push.map { !$0.overlaps(views) } ?? true
    let answers = Mutex(expected)
    let frames: [Frame?]
    do throws(ClientError) {
      frames = try links.call(requests) { answer in
        if copiesEarly { answers.withLock { $0[answer.shard].take(answer) } }
      }
    } catch {
      throw explained(error, push, state.parameters)
    }
    // What was sent is let go, so that its memory is used again.
    requests.removeAll()
    var isDuplicate = push != nil
    var version = UInt64.max
    for (shard, frame) in frames.enumerated() {
      if pull != nil { state.revisions[shard] = 0 }
      let head = try links.reading(shard) { () throws(Refusal) in
        try answers.withLock { (answers) throws(Refusal) in try answers[shard].finish(frame!) }
      }
      isDuplicate = isDuplicate && head.prefix.isIgnored
      version = min(version, head.prefix.version)
      if pull != nil { state.revisions[shard] = head.revision }
    }
    state.version = version
    if push != nil, endsClocks { state.clocks = state.clocks.map(WorkerClocks.next) }
    return isDuplicate
  }

  /// What a refusal of `push` means to who pushes it.
  private func explained(
    _ error: ClientError, _ push: ParameterGradients?, _ parameters: [ParameterSpec]
  ) -> any Error {
    guard case .refused(let refusal) = error else { return error }
    switch (refusal.code, push?.source) {
    case (.notFinite, _):
      do { try push?.check(against: parameters) } catch { return error }
      return error
    case (.offsetGap, let source?): return StoreError.sourceGap(source, stored: refusal.detail)
    case (.offsetOverlap, let source?): return StoreError.sourceOverlap(source, stored: refusal.detail)
    // A model that was registered and is unknown now went with the server's memory.
    case (.unknownModel, _):
      return ClientError.forgotten(server: (0..<links.count).map(links.name).joined(separator: ", "), model: name)
    default: return error
    }
  }

  private func pullAllRows(_ state: inout State) throws {
    for (tensor, spec) in partition.parameters.enumerated() where spec.kind == .table {
      // Dense tensors that others have changed meanwhile come with the rows.
      let count = rowsPerRequest(rowLength: spec.rowLength, besides: partition.denseByteCount)
      for first in stride(from: 0, to: spec.rowCount, by: count) {
        var keys = Array(Int64(first)..<Int64(min(spec.rowCount, first + count)))
        _ = try keys.withMemoryView { keys in
          try exchange(nil, RowRequest(tables: [.init(parameter: tensor, keys: keys)]), &state)
        }
      }
    }
  }

  private var endsClocks: Bool { consistency != .asynchronous }

  private func changing(
    _ push: ParameterGradients, _ groups: [KeyGroup], _ pulled: [KeyGroup]?, _ shard: Int, knowing revision: UInt64,
    _ state: inout State
  ) -> ServerRequest {
    var writer = state.writers[shard]
    state.writers[shard] = MessageWriter(capacity: 0)
    writer.restart()
    let source = push.source
    let mutation = Mutation(
      sequence: 0, model: state.models[shard], clock: state.clocks[shard],
      source: source.map { SourceID.of($0.name) } ?? 0,
      offsets: source.map { $0.begin..<$0.end } ?? 0..<0)
    mutation.write(to: &writer)
    writer.integer(UInt32(clamping: source.map { $0.end - $0.begin } ?? 0))
    partition.write(push, groups, of: shard, to: &writer)
    if let pulled {
      partition.writePull(pulled, of: shard, knowing: revision, to: &writer)
    } else {
      writer.integer(UInt64(0))
      writer.count(0)
    }
    state.writers[shard] = writer
    return ServerRequest(changing: .pushPull, writer.outgoing, flags: endsClocks ? .clock : [])
  }

  private func reading(
    _ groups: [KeyGroup], _ shard: Int, knowing revision: UInt64, _ state: State
  ) -> ServerRequest {
    var writer = MessageWriter()
    ReadPrefix(model: state.models[shard], clock: state.clocks[shard]).write(to: &writer)
    partition.writePull(groups, of: shard, knowing: revision, to: &writer)
    return ServerRequest(reading: .pull, writer.outgoing)
  }
}

// The beginning.
extension ParameterClient {
  private func register(_ options: Options, _ values: [(name: String, values: [Float])]) throws {
    if links.count > 1 { try links.checkIsWhole(name) }
    // Workers that do not keep in step are not counted, so that any number may train.
    let workers = endsClocks ? options.workers : 1
    let schema = ModelSchema(name: name, consistency: consistency, workers: workers, parameters: parameters)
    let request = RegisterRequest(
      rank: endsClocks ? options.rank : nil, bringsValues: !values.isEmpty, schema: schema)
    let answers = try links.call(
      (0..<links.count).map { _ in
        var writer = MessageWriter(capacity: 4096)
        Mutation(sequence: 0, model: 0).write(to: &writer)
        request.write(to: &writer)
        return ServerRequest(changing: .registerModel, writer.payload)
      })
    let replies = try links.reading(answers) { (payload) throws(Refusal) in
      var reader = MessageReader(payload)
      return try RegisterReply(from: &reader)
    }
    state.withLock { state in
      state.models = replies.map(\.model)
      state.version = replies.map(\.prefix.version).min() ?? 0
      state.clocks = replies.map(\.prefix.minimumClock)
    }
    try agreeOnClock()
    let waiting = replies.indices.filter { replies[$0].expectsValues }
    guard !waiting.isEmpty else { return }
    try bring(values, to: waiting)
    state.withLock { $0.hasBroughtValues = true }
  }

  /// Goes on in the latest clock of all shards, and tells the others.
  ///
  /// Shards differ where a worker of this rank ended before all had heard of its last clock, or one of them has waited for
  /// it no longer. Two workers, each ahead on another shard, would wait for each other for ever in lockstep, where the
  /// others are one clock ahead at most. Shards that differ by more than two have lost clocks with their power, and clocks
  /// in lockstep cannot be left out.
  private func agreeOnClock() throws {
    let models = state.withLock { $0.models }
    var clocks = state.withLock { $0.clocks }
    let latest = clocks.max() ?? 0
    guard endsClocks, consistency != .synchronous || clocks.allSatisfy({ latest - $0 <= 2 }) else { return }
    while let earliest = clocks.min(), earliest < latest {
      let ended = consistency == .synchronous ? earliest : latest - 1
      _ = try links.call(
        zip(models, clocks).map { model, clock in
          guard clock <= ended else { return nil }
          var writer = MessageWriter()
          Mutation(sequence: 0, model: model, clock: ended).write(to: &writer)
          return ServerRequest(changing: .clock, writer.payload)
        })
      clocks = clocks.map { max($0, ended + 1) }
    }
    state.withLock { $0.clocks = clocks }
  }

  /// Gives a new model the values that it waits for.
  private func bring(_ values: [(name: String, values: [Float])], to shards: [Int]) throws {
    for (name, elements) in values {
      var elements = elements
      guard let place = places[name] else { throw StoreError.unknownTensor(name) }
      try elements.withMemoryView { try write($0, to: place, at: 0, on: shards) }
    }
    try finishValues(on: shards)
  }

  /// The model's number on `shard`.
  func model(on shard: Int) -> UInt32 { state.withLock { $0.models[shard] } }

  public func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    let (models, specs) = state.withLock { ($0.models, $0.parameters) }
    guard specs.indices.contains(parameter) else { throw StoreError.unknownParameter(parameter) }
    let current = specs[parameter].optimizer
    guard current.rule.kind == optimizer.rule.kind else {
      throw StoreError.otherRule(parameter: specs[parameter].name, expected: current.name, found: optimizer.name)
    }
    let changes = optimizer.fields.compactMap { field -> (hyperparameter: Hyperparameter, value: Float)? in
      guard let value = optimizer[field.hyperparameter], value != current[field.hyperparameter] else { return nil }
      return (field.hyperparameter, value)
    }
    guard !changes.isEmpty else { return }
    _ = try links.call(
      models.map { model in
        var writer = MessageWriter()
        Mutation(sequence: 0, model: model).write(to: &writer)
        SetHyperparametersRequest(tensor: parameter, values: changes).write(to: &writer)
        return ServerRequest(changing: .setHyperparameters, writer.payload)
      })
    state.withLock { $0.parameters[parameter].optimizer = optimizer }
  }
}

extension ParameterGradients {
  /// Whether a gradient has memory in common with one of `views`.
  fileprivate func overlaps(_ views: [MemoryView<Float>]) -> Bool {
    gradients.contains { gradient in
      switch gradient {
      case .dense(let values), .rows(_, let values): views.contains { $0.overlaps(values) }
      case .none: false
      }
    }
  }
}
