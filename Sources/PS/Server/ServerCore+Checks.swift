import Parameters
import Wire

extension ServerCore {
  /// Checks a registration: it creates a model, or names one that is registered alike. What a client relies on for long,
  /// a model's number and its own rank, is not lost with the power under any policy.
  ///
  /// - Throws: 301 for a model that cannot be kept, 307 for another schema under the same name, 500 for a rank that a
  ///   connected worker has.
  func checkRegistration(_ reader: inout MessageReader, _ client: Identifier) throws(Refusal) -> AcceptedRequest {
    let request = try RegisterRequest(from: &reader)
    let schema = request.schema
    guard let number = accepted.numbers[schema.name], let state = accepted.models[number] else {
      guard accepted.models.count < configuration.modelLimit else {
        throw Refusal(.limit, "this server keeps at most \(configuration.modelLimit) models")
      }
      try checkNorms(schema.parameters)
      return AcceptedRequest(operation: .register(request, try makeTensors(schema)), needsSync: true)
    }
    try state.checkSchema(schema)
    if let rank = request.rank, rank < state.clocks.members.count, let member = state.clocks.members[rank],
      member != client, connectionOfClient[member] != nil
    {
      throw Refusal(
        .busy, retryAfterMilliseconds: 1000, "rank \(rank) of model '\(schema.name)' belongs to another worker")
    }
    let isAbandoned = state.leaseHolder != nil && now >= stores[number]?.leaseEnd ?? now + .seconds(1)
    let grantsLease = request.bringsValues && isAbandoned
    return AcceptedRequest(operation: .register(request, grantsLease ? try makeTensors(schema) : nil), needsSync: true)
  }

  /// Checks a push, and the pull that comes with it.
  mutating func checkPush(
    _ frame: Frame, _ mutation: Mutation, _ reader: inout MessageReader, _ peer: Peer
  ) throws(Refusal) -> AcceptedRequest {
    let (state, store) = try model(mutation.model)
    let rank = try checkClock(mutation, state, store, peer.clientID)
    let push = try PushRequest(
      mutation, from: &reader, of: frame.header.type, rowLength: store.tensors.rowLength(ofTable:))
    try store.tensors.check(push.blocks)
    if let pull = push.pull { try check(pull, store, peer) }
    guard try state.streams.isNew(mutation) else {
      let isClock = rank != nil && frame.header.flags.contains(.clock)
      return AcceptedRequest(operation: isClock ? .completeClock(mutation) : .skip(nil), pull: push.pull)
    }
    var waitingByteCount = 0
    if state.isSynchronous, let rank {
      waitingByteCount = push.blocks.byteCount
      guard store.gradients.count(rank: rank, clock: mutation.clock) < ClockGradients.pushLimit else {
        throw Refusal(.limit, "a clock with more than \(ClockGradients.pushLimit) pushes of one worker; complete it")
      }
    }
    try setAsideMemory(for: push.blocks.rows, of: store.tensors, gradientByteCount: waitingByteCount)
    // Were the beginning of a stream lost, a later batch would pass for it, and what is between for applied.
    return AcceptedRequest(
      operation: .push(push), pull: push.pull, needsSync: state.streams.isFirst(mutation))
  }

  /// Checks new hyper-parameters.
  ///
  /// - Throws: 303 for a tensor that does not exist, 301 for values that its optimizer cannot have.
  func checkHyperparameters(_ mutation: Mutation, _ reader: inout MessageReader) throws(Refusal) -> AcceptedRequest {
    let request = try SetHyperparametersRequest(from: &reader)
    let parameters = try model(mutation.model).state.schema.parameters
    let operation = try request.operation(on: parameters)
    if case .setOptimizer(let optimizer, let tensor) = operation {
      do throws(OptimizerError) { try optimizer.checkChange(from: parameters[tensor].optimizer) } catch {
        throw Refusal(.limit, "'\(parameters[tensor].name)': \(error)")
      }
      var changed = parameters[tensor]
      changed.optimizer = optimizer
      try checkNorms([changed])
    }
    return AcceptedRequest(operation: operation)
  }

  /// Checks that nothing limits the norm of a gradient that is divided among servers, each of which has a part of it.
  private func checkNorms(_ parameters: [ParameterSpec]) throws(Refusal) {
    for spec in parameters where spec.optimizer.clipping.norm < .infinity && map.divides(spec) {
      throw Refusal(
        .limit,
        "'\(spec.name)': clip_norm takes the whole gradient, and each of \(map.shards) servers has a part of it; train on "
          + "one server, or limit its values with clip")
    }
  }

  /// Checks new values: of a model that waits for them from this client, or from an administrator.
  mutating func checkNewValues(
    _ mutation: Mutation, _ reader: inout MessageReader, _ peer: Peer
  ) throws(Refusal) -> AcceptedRequest {
    let (state, store) = try model(mutation.model)
    try checkIsReady(state, store, for: peer.clientID)
    guard state.leaseHolder != nil || peer.role.includes(.admin) else {
      throw Refusal(.forbidden, "model '\(state.schema.name)' has its values; only an administrator replaces them")
    }
    let request = try store.tensors.newValues(&reader)
    try setAsideMemory(for: request.rows, of: store.tensors)
    return AcceptedRequest(operation: .putValues(request))
  }
}

extension ServerCore {
  /// Checks that a model has its values, or that `client` brings them.
  ///
  /// - Throws: 501 while another client brings them, 409 if it does not any more.
  func checkIsReady(_ state: ModelState, _ store: ModelStore, for client: Identifier) throws(Refusal) {
    guard let leaseHolder = state.leaseHolder, leaseHolder != client else { return }
    guard now < store.leaseEnd else {
      throw Refusal(
        .valuesMissing,
        "model '\(state.schema.name)' lacks its first values: the client that was bringing them is gone; "
          + "repeat its import, or start its training again")
    }
    throw Refusal(
      .modelInitialising, retryAfterMilliseconds: 50,
      "model '\(state.schema.name)' waits for values that another client brings")
  }
}

extension ModelState {
  /// Checks that `other` is the model as it was registered.
  func checkSchema(_ other: ModelSchema) throws(Refusal) {
    guard schemaHash == other.hash else {
      let difference = schema.difference(from: other) ?? "its hyper-parameters were changed since it was registered"
      throw Refusal(
        .schemaConflict, detail: schemaHash, "a model '\(schema.name)' is registered with other settings: \(difference)"
      )
    }
  }
}

extension ModelTensors {
  /// Reads new values and checks that they fit and are finite.
  func newValues(_ reader: inout MessageReader) throws(Refusal) -> PutValuesRequest {
    let request = try PutValuesRequest(from: &reader, rowLength: rowLength(of:_:))
    for (range, values) in request.values {
      _ = try check(range)
      guard values.view.firstNonFinite == nil else {
        throw Refusal(.notFinite, "'\(parameters[range.tensor].name)': a value that is not finite; nothing changed")
      }
    }
    return request
  }
}

extension SetHyperparametersRequest {
  /// What the request does to a model of `parameters`.
  func operation(on parameters: [ParameterSpec]) throws(Refusal) -> LogEntry.Operation {
    guard parameters.indices.contains(tensor) else {
      throw Refusal(.unknownTensor, "tensor \(tensor) of a model that has \(parameters.count)")
    }
    let current = parameters[tensor].optimizer
    let changed = Set(values.map(\.hyperparameter))
    let kept = current.hyperparameters.filter { !changed.contains($0.hyperparameter) }
    do throws(OptimizerError) {
      return .setOptimizer(
        try Optimizer(kept: current.rule.kind, (kept + values).map { ($0.hyperparameter, $0.value) }), tensor: tensor)
    } catch {
      throw Refusal(.limit, "'\(parameters[tensor].name)': \(error)")
    }
  }
}
