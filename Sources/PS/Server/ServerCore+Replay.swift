import NIOCore
public import Wire

extension ServerCore {
  /// Repeats a step of an earlier run. For a server that nobody has connected to, with the records of its log in order.
  ///
  /// - Throws: A refusal of a record that does not follow from the ones before; nothing has changed then.
  public mutating func replay(_ record: LogRecord) throws(Refusal) {
    guard record.lsn == applied.lastLSN + 1 else {
      throw Refusal(.malformed, "record \(record.lsn) behind record \(applied.lastLSN)")
    }
    let entry = try entry(of: record)
    accepted.advance(by: entry)
    apply(entry)
    durableLSN = record.lsn
  }

  /// What `record` means, which is checked as far as applying it relies on.
  private func entry(of record: LogRecord) throws(Refusal) -> LogEntry {
    var reader = MessageReader(record.payload)
    switch record.kind {
    case .session:
      guard record.payload.readableBytes == 16, Int(record.session) <= applied.sessions.slots.count else {
        throw Refusal(.malformed, "a session in slot \(record.session)")
      }
      let client = try Identifier(from: &reader)
      return LogEntry(record: record, operation: .openSession(client), client: nil)
    case .closeClock:
      let state = try appliedModel(record.model).state
      guard state.isSynchronous, record.sequence == UInt64(state.clocks.open) else {
        throw Refusal(.malformed, "the end of clock \(record.sequence) of a model in clock \(state.clocks.open)")
      }
      return LogEntry(record: record, operation: .closeClock, client: nil)
    default:
      let slots = applied.sessions.slots
      guard Int(record.session) < slots.count, let session = slots[Int(record.session)] else {
        throw Refusal(.malformed, "a mutation of a session that was not begun")
      }
      guard record.sequence == session.lastSequence + 1 else {
        throw Refusal(.malformed, "mutation \(record.sequence) of a session behind \(session.lastSequence)")
      }
      let operation = try operation(of: record, &reader, session.client)
      return LogEntry(record: record, operation: operation, client: session.client)
    }
  }

  private func operation(
    of record: LogRecord, _ reader: inout MessageReader, _ client: Identifier
  ) throws(Refusal) -> LogEntry.Operation {
    if record.kind == .skip {
      return .skip(record.payload.readableBytes == 0 ? nil : try Refusal(reading: record.payload))
    }
    let mutation = try Mutation(from: &reader)
    guard mutation.sequence == record.sequence, mutation.model == record.model else {
      throw Refusal(.malformed, "a record of mutation \(record.sequence) with the payload of \(mutation.sequence)")
    }
    switch record.kind {
    case .register:
      let request = try RegisterRequest(from: &reader)
      guard let number = applied.numbers[request.schema.name], let state = applied.models[number] else {
        return .register(request, try makeTensors(request.schema))
      }
      try state.checkSchema(request.schema)
      return .register(request, record.flags.contains(.grantsLease) ? try makeTensors(request.schema) : nil)
    case .push:
      let (state, store) = try appliedModel(record.model)
      try checkRank(client, mutation, state)
      let push = try PushRequest(
        mutation, from: &reader, of: record.type, rowLength: store.tensors.rowLength(ofTable:))
      try store.tensors.check(push.blocks)
      return .push(push)
    case .clock:
      try reader.finish()
      try checkRank(client, mutation, try appliedModel(record.model).state)
      return .completeClock(mutation)
    case .setHyperparameters:
      let parameters = try appliedModel(record.model).state.schema.parameters
      return try SetHyperparametersRequest(from: &reader).operation(on: parameters)
    case .putValues:
      return .putValues(try appliedModel(record.model).store.tensors.newValues(&reader))
    case .dropModel:
      try reader.finish()
      _ = try appliedModel(record.model)
      return .dropModel
    case .skip, .session, .closeClock: preconditionFailure("a record of the kind \(record.kind)")
    }
  }

  /// Checks that `client` may push to a model whose workers keep in step.
  private func checkRank(_ client: Identifier, _ mutation: Mutation, _ state: ModelState) throws(Refusal) {
    guard state.schema.consistency.staleness != nil else { return }
    guard state.clocks.rank(of: client) != nil, mutation.clock < .max else {
      throw Refusal(.malformed, "a push of a worker without a rank")
    }
  }
}
