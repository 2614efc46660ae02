import Parameters
import Wire

/// What a server knows of a model beside its values.
struct ModelState: Sendable {
  /// The model, with the optimizers as they are now.
  var schema: ModelSchema
  /// The hash of the schema as it was registered.
  let schemaHash: UInt64
  /// The client that brings the model's first values; while there is one, nobody else uses the model.
  var leaseHolder: Identifier?
  /// The updates applied: pushes, or clocks of workers that keep in step.
  var version: UInt64 = 0
  /// How often a dense tensor has changed, from 1.
  var revision: UInt64 = 1
  /// How far streams are applied.
  var streams = StreamOffsets()
  /// The clocks of its workers.
  var clocks: WorkerClocks

  /// A model as `schema` registers it.
  init(_ schema: ModelSchema) {
    self.schema = schema
    schemaHash = schema.hash
    clocks = WorkerClocks(workers: schema.consistency == .asynchronous ? 0 : schema.workers)
  }

  /// Whether gradients wait for the end of their clock.
  var isSynchronous: Bool { schema.consistency == .synchronous }

  /// The clocks that the slowest worker must have completed before a worker that has completed `clock` may read; nil if
  /// nobody waits.
  func clock(neededAt clock: UInt32) -> UInt32? {
    schema.consistency.staleness.map { clock - min(clock, UInt32($0)) }
  }

  /// The same for a worker that completes `clock`.
  func clock(neededAfter clock: UInt32) -> UInt32? { self.clock(neededAt: WorkerClocks.next(clock)) }
}

extension ModelState {
  /// Appends the state, for a snapshot.
  ///
  ///     schema as it is now, u64 hash as it was registered, u8 has a lease, 16 bytes its holder, u64 version,
  ///     u64 revision, streams, clocks
  func write(to writer: inout MessageWriter) {
    schema.write(to: &writer)
    writer.integer(schemaHash)
    writer.flag(leaseHolder != nil)
    if let leaseHolder { writer.data(leaseHolder.bytes) }
    writer.integer(version)
    writer.integer(revision)
    streams.write(to: &writer)
    clocks.write(to: &writer)
  }

  /// Reads a state.
  init(from reader: inout MessageReader) throws(Refusal) {
    schema = try ModelSchema(from: &reader)
    schemaHash = try reader.integer()
    leaseHolder = try reader.flag() ? try Identifier(from: &reader) : nil
    version = try reader.integer()
    revision = try reader.integer()
    streams = try StreamOffsets(from: &reader)
    clocks = try WorkerClocks(from: &reader)
    let workers = schema.consistency == .asynchronous ? 0 : schema.workers
    guard clocks.members.count == workers else {
      throw Refusal(.malformed, "clocks of \(clocks.members.count) workers of a model of \(workers)")
    }
  }
}
