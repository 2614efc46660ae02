public import Kernels
import Synchronization

/// Parameters in memory, and in a safetensors file that always holds the state of some moment as a whole.
///
/// The file is replaced by ``save()`` and, while training, once in a while: what was pushed after the last save is lost
/// if the process dies. It holds the weights under their names, the optimizers' state as `NAME/slot`, and as metadata
/// the number of pushes, the ends of the streams in the order in which they were applied last, and a checksum.
public final class FileStore: ParameterStore {
  /// What a file says about where it comes from.
  public struct Origin: Hashable, Sendable {
    /// The name of the model.
    public var model: String
    /// The SHA-256 of the graph, in hexadecimal.
    public var graphSHA256: String

    /// Parameters of `model`, whose graph has this checksum.
    public init(model: String, graphSHA256: String) {
      self.model = model
      self.graphSHA256 = graphSHA256
    }

    /// What a file says about parameters after `step` pushes of these streams.
    package func metadata(step: UInt64, streams: StreamEnds = StreamEnds()) -> [(key: String, value: String)] {
      [
        ("format", StoreReader.format), ("model", model), ("step", String(step)), ("graph_sha256", graphSHA256),
      ] + streams.inOrder.map { ("\(StoreReader.sourcePrefix)\($0.name)", String($0.end)) }
    }
  }

  /// The file.
  public let path: String
  /// What a user should know about the file that was resumed from.
  public let notices: [String]

  let state: Mutex<FileState>

  /// Starts a new file, or continues an earlier run.
  ///
  /// - Parameters:
  ///   - parameters: The schema.
  ///   - path: The file; symbolic links are followed.
  ///   - origin: What to write about the model.
  ///   - isResuming: Whether the file is there and is to be continued; a file that is there is never overwritten
  ///     otherwise.
  ///   - interval: How often to save while training; nil to save on request only.
  ///   - pool: The threads that share the update of a large parameter, for whoever pushes.
  /// - Throws: ``StoreError`` if the file is there, is not there, is damaged, does not fit or could not be created.
  public convenience init(
    _ parameters: [ParameterSpec], path: String, origin: Origin, isResuming: Bool = false,
    savingEvery interval: Duration? = .seconds(30), pool: LanePool? = nil
  ) throws {
    try self.init(
      parameters, path: path, origin: origin, isResuming: isResuming, savingEvery: interval, pool: pool,
      files: SystemFiles(), now: { ContinuousClock.now })
  }

  /// The same on another file system and clock.
  package init(
    _ parameters: [ParameterSpec], path: String, origin: Origin, isResuming: Bool, savingEvery interval: Duration?,
    pool: LanePool? = nil, files: any FileSystem, now: @escaping @Sendable () -> ContinuousClock.Instant
  ) throws {
    let path = SystemFiles.resolved(path)
    var memory = try MemoryState(parameters, pool: pool)
    switch (SystemFiles.kind(path), isResuming) {
    case (.nothing, true): throw StoreError.nothingToResume(path: path)
    case (.nothing, false): notices = []
    case (.other, _): throw StoreError.cannotCreate(SystemFiles.notAFile(path))
    case (.file, false): throw StoreError.alreadyExists(path: path)
    case (.file, true):
      var reader = try StoreReader(path: path, origin: origin)
      try reader.load(into: &memory)
      notices = reader.notices
    }
    let writer = SafetensorsWriter(path: path, files: files)
    do { try writer.check() } catch { throw StoreError.cannotCreate(error) }
    self.path = path
    state = Mutex(
      FileState(
        memory: memory, writer: writer, origin: origin, interval: interval, now: now, lastSave: now(),
        hasChanges: !isResuming))
  }

  public var parameters: [ParameterSpec] { state.withLock { $0.memory.parameters } }

  public var version: UInt64 { state.withLock { $0.memory.version } }

  /// The end of what was applied of each stream, by name; at most 65,536 streams, those that were applied last.
  public var sourceOffsets: [String: UInt64] { state.withLock { $0.memory.streams.byName } }

  public var prefersRowRequests: Bool { state.withLock { $0.memory.prefersRowRequests } }

  public func offset(ofSource source: String) -> UInt64? { state.withLock { $0.memory.streams[source] } }

  public var tensors: [StoredTensor] { state.withLock { $0.memory.tensors } }

  /// When a save is due it comes first; if it fails, the push is not applied.
  public func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    try state.withLock { state throws(StoreError) in
      if push != nil {
        try state.saveIfDue()
        state.hasChanges = true
      }
      return try state.memory.exchange(push: push, pull: pull)
    }
  }

  public func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    try state.withLock { state throws(StoreError) in try state.memory.setOptimizer(optimizer, of: parameter) }
  }

  public func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    try state.withLock { state throws(StoreError) in
      try state.memory.read(tensor, from: offset, into: destination)
    }
  }

  public func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    try state.withLock { state throws(StoreError) in
      state.hasChanges = true
      try state.memory.write(values, to: tensor, at: offset)
    }
  }

  /// Replaces the file by the parameters as they are now, unless it holds them already.
  ///
  /// - Throws: ``StoreError/inputOutput(_:)``; the old file is then still there. After a failed sync every later call
  ///   throws the same, as the system may have dropped what it could not write.
  public func save() throws {
    try state.withLock { state throws(StoreError) in try state.save() }
  }
}

extension MemoryStore {
  /// The weights that a ``FileStore`` wrote to `path`, or another program, to score with; nothing is written back.
  ///
  /// - Returns: The store, and what a user should know about the file.
  /// - Throws: ``StoreError`` if the file is not there, is damaged or does not fit.
  public static func reading(
    _ parameters: [ParameterSpec], path: String, origin: FileStore.Origin
  ) throws -> (store: MemoryStore, notices: [String]) {
    let (memory, reader) = try StoreReader.reading(parameters, path: path, origin: origin)
    return (MemoryStore(memory), reader.notices)
  }
}
