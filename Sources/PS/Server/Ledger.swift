import Parameters
import Wire

/// Everything that a server knows beside values: who sent what, which models there are, how far streams and clocks are.
///
/// A server keeps two: what it accepted, which the next request is checked against, and what is in the log and applied.
/// Both change by the same entries in the same order, so when the log fails, the second one replaces the first.
struct Ledger: Sendable {
  /// The last record.
  var lastLSN: UInt64 = 0
  /// The sessions.
  var sessions = SessionTable()
  /// The models by number.
  var models: [UInt32: ModelState] = [:]
  /// The number that was given last.
  var lastModel: UInt32 = 0
  /// The numbers of models by name.
  private(set) var numbers: [String: UInt32] = [:]

  /// Notes what `entry` changes.
  mutating func advance(by entry: LogEntry) {
    let record = entry.record
    lastLSN = record.lsn
    let outcome: MutationResult.Outcome
    switch entry.operation {
    case .openSession(let client):
      return sessions.open(client, in: Int(record.session), lsn: record.lsn)
    case .closeClock:
      models[record.model]?.clocks.close()
      models[record.model]?.version += 1
      models[record.model]?.revision += 1
      return
    case .skip(let refusal?): outcome = .refused(refusal)
    case .skip(nil): outcome = applied(to: record.model, isIgnored: true)
    case .register(let request, let tensors): outcome = register(request, isNew: tensors != nil, entry)
    case .push(let push):
      // Gradients of a clock are not applied before it closes.
      if models[record.model]?.isSynchronous == false {
        models[record.model]?.version += 1
        if push.blocks.contains(where: \.isDense) { models[record.model]?.revision += 1 }
      }
      models[record.model]?.streams.advance(by: push.mutation, lsn: record.lsn)
      outcome = applied(to: record.model)
    case .completeClock: outcome = applied(to: record.model, isIgnored: record.flags.contains(.isDuplicate))
    case .setOptimizer(let optimizer, let tensor):
      models[record.model]?.schema.parameters[tensor].optimizer = optimizer
      outcome = applied(to: record.model)
    case .putValues(let request):
      models[record.model]?.revision += 1
      if request.isLast { models[record.model]?.leaseHolder = nil }
      outcome = applied(to: record.model)
    case .dropModel:
      outcome = applied(to: record.model)
      if let name = models.removeValue(forKey: record.model)?.schema.name { numbers[name] = nil }
    }
    if let clock = entry.completedClock, let client = entry.client,
      let rank = models[record.model]?.clocks.rank(of: client)
    {
      models[record.model]?.clocks.complete(clock, rank: rank)
    }
    sessions.record(MutationResult(type: record.type, outcome: outcome), slot: Int(record.session), lsn: record.lsn)
  }

  private func applied(to model: UInt32, isIgnored: Bool = false) -> MutationResult.Outcome {
    .applied(version: models[model]?.version ?? 0, isIgnored: isIgnored)
  }

  private mutating func register(
    _ request: RegisterRequest, isNew: Bool, _ entry: LogEntry
  ) -> MutationResult.Outcome {
    let isCreated = numbers[request.schema.name] == nil
    let number = numbers[request.schema.name] ?? lastModel + 1
    var model = models[number] ?? ModelState(request.schema)
    lastModel = max(lastModel, number)
    numbers[request.schema.name] = number
    if entry.record.flags.contains(.grantsLease) { model.leaseHolder = entry.client }
    if let client = entry.client, let rank = request.rank, rank < model.clocks.members.count {
      model.clocks.join(client, rank: rank)
    }
    models[number] = model
    let expectsValues = model.leaseHolder != nil && model.leaseHolder == entry.client
    return .registered(
      model: number, isCreated: isCreated, expectsValues: expectsValues, schemaHash: model.schemaHash)
  }
}

extension Ledger {
  /// Appends the ledger, for a snapshot: u64 last LSN, u32 last model, sessions, list of {u32 number, model}.
  func write(to writer: inout MessageWriter) {
    writer.integer(lastLSN)
    writer.integer(lastModel)
    sessions.write(to: &writer)
    writer.count(models.count)
    for (number, model) in models.sorted(by: { $0.key < $1.key }) {
      writer.integer(number)
      model.write(to: &writer)
    }
  }

  /// Reads a ledger.
  init(from reader: inout MessageReader) throws(Refusal) {
    lastLSN = try reader.integer()
    lastModel = try reader.integer()
    sessions = try SessionTable(from: &reader)
    for _ in 0..<(try reader.count(limit: 1 << 20, elementBytes: 64)) {
      let number = try reader.integer(UInt32.self)
      let model = try ModelState(from: &reader)
      guard number <= lastModel, numbers.updateValue(number, forKey: model.schema.name) == nil else {
        throw Refusal(.malformed, "a model number \(number) of \(lastModel), or two of a name")
      }
      models[number] = model
    }
  }
}

extension PushBlock {
  fileprivate var isDense: Bool {
    if case .dense = self { true } else { false }
  }
}
