import NIOCore
import Parameters
import Wire

/// A record with what it means.
struct LogEntry: Sendable {
  /// What to do.
  enum Operation: Sendable {
    /// Begin a session.
    case openSession(Identifier)
    /// Note that a mutation was refused, or for nil that its part of a stream was applied before.
    case skip(Refusal?)
    /// Create a model with these tensors, begin anew with them, or without any let a client join a model.
    case register(RegisterRequest, ModelTensors?)
    /// Apply gradients.
    case push(PushRequest)
    /// Complete a worker's clock.
    case completeClock(Mutation)
    /// Apply the gradients of a clock.
    case closeClock
    /// Train a tensor by an optimizer with other hyper-parameters from now on.
    case setOptimizer(Optimizer, tensor: Int)
    /// Change values.
    case putValues(PutValuesRequest)
    /// Remove a model.
    case dropModel
  }

  var record: LogRecord
  let operation: Operation
  /// Whose mutation it is; nil for records of the server's own.
  let client: Identifier?

  /// The clock that the mutation completes, if it completes one.
  var completedClock: UInt32? {
    switch operation {
    case .push(let push): record.flags.contains(.completesClock) ? push.mutation.clock : nil
    case .completeClock(let mutation): mutation.clock
    default: nil
    }
  }
}

extension LogEntry {
  /// The name of the model that is registered: its number is not in the record.
  var registeredName: String? { if case .register(let request, _) = operation { request.schema.name } else { nil } }
}

extension LogEntry.Operation {
  /// The kind of its records.
  var kind: LogRecord.Kind {
    switch self {
    case .openSession: .session
    case .skip: .skip
    case .register: .register
    case .push: .push
    case .completeClock: .clock
    case .closeClock: .closeClock
    case .setOptimizer: .setHyperparameters
    case .putValues: .putValues
    case .dropModel: .dropModel
    }
  }
}

extension LogEntry {
  /// A session of `client` begins in `slot`.
  static func session(of client: Identifier, in slot: Int, lsn: UInt64) -> LogEntry {
    let record = LogRecord(lsn: lsn, kind: .session, session: UInt32(slot), payload: ByteBuffer(bytes: client.bytes))
    return LogEntry(record: record, operation: .openSession(client), client: nil)
  }

  /// The gradients of the clock number `clock` of a model are applied.
  static func closed(_ clock: UInt32, of model: UInt32, lsn: UInt64) -> LogEntry {
    let record = LogRecord(
      lsn: lsn, kind: .closeClock, model: model, sequence: UInt64(clock), payload: ByteBuffer())
    return LogEntry(record: record, operation: .closeClock, client: nil)
  }

  /// What the mutation `mutation` of `client`, which came in `frame`, does.
  init(_ operation: Operation, lsn: UInt64, session: Int, client: Identifier, _ frame: Frame, _ mutation: Mutation) {
    let header = frame.header
    var flags: LogRecord.Flags = header.flags.contains(.needsDurability) ? .needsSync : []
    /// What the record keeps instead of the frame's payload.
    var substitute: ByteBuffer?
    switch operation {
    case .push: if header.flags.contains(.clock) { flags.insert(.completesClock) }
    case .register(let request, .some): if request.bringsValues { flags.insert(.grantsLease) }
    case .completeClock where header.type != .clock:
      // A push whose part of the stream was applied before: only its clock counts.
      flags.insert(.isDuplicate)
      var writer = MessageWriter(capacity: 40)
      mutation.write(to: &writer)
      substitute = writer.payload
    case .skip(let refusal):
      substitute = refusal?.frame(answering: header.type, requestID: 0).payload ?? ByteBuffer()
    default: break
    }
    record = LogRecord(
      lsn: lsn, kind: operation.kind, flags: flags, type: header.type, model: mutation.model, session: UInt32(session),
      sequence: mutation.sequence, payload: substitute ?? frame.payload,
      payloadChecksum: substitute == nil ? header.payloadChecksum : nil)
    self.operation = operation
    self.client = client
  }
}
