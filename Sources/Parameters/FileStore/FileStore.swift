package import Files
public import Kernels
import Synchronization

/// Parameters in memory, and in a safetensors file that always holds the state of some moment as a whole.
///
/// The file is replaced by ``save()`` and, while training, once in a while: what was pushed after the last save is lost
/// if the process dies. It holds the weights under their names, the optimizers' state as `NAME/slot`, and as metadata
/// the number of pushes, the ends of the streams in the order in which they were applied last, and a checksum.
///
/// A save keeps changes away until it is done, however slow the disk is, but nobody who only reads.
///
/// One store at a time trains a file: it has the file `PATH.lock` beside it, until it is closed or gone.
public final class FileStore: ParameterStore {
  /// What a file says about where it comes from.
  public struct Origin: Hashable, Sendable {
    /// The name of the model.
    public var model: String
    /// The SHA-256 of the graph, in hexadecimal.
    public var graphSHA256: String
    /// What decided the order of the examples in a pass, where that was up to the run.
    public var order: String?

    /// Parameters of `model`, whose graph has this checksum, trained on examples in this order.
    public init(model: String, graphSHA256: String, order: String? = nil) {
      self.model = model
      self.graphSHA256 = graphSHA256
      self.order = order
    }

    /// What a file says about parameters after `step` pushes of these streams.
    package func metadata(step: UInt64, streams: StreamEnds = StreamEnds()) -> [(key: String, value: String)] {
      var metadata: [(key: String, value: String)] = [
        ("format", StoreReader.format), ("model", model), ("step", String(step)), ("graph_sha256", graphSHA256),
      ]
      if let order { metadata.append(("order", order)) }
      for stream in streams.inOrder { metadata.append((StoreReader.sourcePrefix + stream.name, String(stream.end))) }
      return metadata
    }
  }

  /// The file.
  public let path: String
  /// What a user should know about the file that was resumed from.
  public let notices: [String]

  private let origin: Origin
  /// Held by whoever saves or changes the parameters, and taken before ``memory``.
  private let saver: Mutex<FileSaver>
  let memory: Mutex<MemoryState>

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
  /// - Throws: ``StoreError`` if the file is there, is not there, is trained by another store, is damaged, does not fit
  ///   or could not be created.
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
    try Self.check(path, isResuming: isResuming)
    let lock = try Self.lock(path, files)
    // Who had it until now may have saved.
    try Self.check(path, isResuming: isResuming)
    if isResuming {
      var reader = try StoreReader(path: path, origin: origin)
      try reader.load(into: &memory)
      notices = reader.notices
    } else {
      notices = []
    }
    let writer = SafetensorsWriter(path: path, files: files)
    do { try writer.check() } catch { throw StoreError.cannotCreate(error) }
    self.path = path
    self.origin = origin
    saver = Mutex(FileSaver(writer, lock, every: interval, now: now, hasChanges: !isResuming))
    self.memory = Mutex(memory)
  }

  /// Checks that a file is at `path` exactly if one is to be continued.
  private static func check(_ path: String, isResuming: Bool) throws(StoreError) {
    switch (SystemFiles.kind(path), isResuming) {
    case (.nothing, true): throw .nothingToResume(path: path)
    case (.file, false): throw .alreadyExists(path: path)
    case (.other, _): throw .cannotCreate(SystemFiles.notAFile(path))
    case (.nothing, false), (.file, true): return
    }
  }

  /// The right to write the file at `path`, which one has at a time.
  ///
  /// - Throws: ``StoreError/inUse(path:)``, or ``StoreError/cannotCreate(_:)`` where nothing can be written.
  package static func lock(_ path: String, _ files: any FileSystem = SystemFiles()) throws(StoreError) -> FileLock {
    do throws(FileError) {
      if let lock = try files.lock(path + ".lock") { return lock }
    } catch {
      throw .cannotCreate(FileError(path, .create, code: error.code))
    }
    throw .inUse(path: path)
  }

  public var parameters: [ParameterSpec] { memory.withLock { $0.parameters } }

  public var version: UInt64 { memory.withLock { $0.version } }

  /// The end of what was applied of each stream, by name; at most 65,536 streams, those that were applied last.
  public var sourceOffsets: [String: UInt64] { memory.withLock { $0.streams.byName } }

  public var prefersRowRequests: Bool { memory.withLock { $0.prefersRowRequests } }

  public func offset(ofSource source: String) -> UInt64? { memory.withLock { $0.streams[source] } }

  public var tensors: [StoredTensor] { memory.withLock { $0.tensors } }

  /// When a save is due it comes first; if it fails, the push is not applied.
  public func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    guard push != nil else { return try exchangeInMemory(nil, pull) }
    return try saver.withLock { saver throws(StoreError) in
      if saver.isDue { try save(with: &saver) }
      saver.hasChanges = true
      return try exchangeInMemory(push, pull)
    }
  }

  private func exchangeInMemory(
    _ push: ParameterGradients?, _ pull: RowRequest?
  ) throws(StoreError) -> ParameterValues {
    try memory.withLock { memory throws(StoreError) in try memory.exchange(push: push, pull: pull) }
  }

  public func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    try memory.withLock { memory throws(StoreError) in try memory.setOptimizer(optimizer, of: parameter) }
  }

  public func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    try memory.withLock { memory throws(StoreError) in
      try memory.read(tensor, from: offset, into: destination)
    }
  }

  public func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    try saver.withLock { saver throws(StoreError) in
      saver.hasChanges = true
      try memory.withLock { memory throws(StoreError) in try memory.write(values, to: tensor, at: offset) }
    }
  }

  /// Replaces the file by the parameters as they are now, unless it holds them already.
  ///
  /// - Throws: ``StoreError/inputOutput(_:)``; the old file is then still there. After a failed sync every later call
  ///   throws the same, as the system may have dropped what it could not write.
  public func save() throws { try saver.withLock { saver throws(StoreError) in try save(with: &saver) } }

  /// The same for whoever keeps changes away.
  private func save(with saver: inout FileSaver) throws(StoreError) {
    try saver.checkSync()
    guard saver.hasChanges else { return }
    let (tensors, metadata) = memory.withLock { memory in
      (memory.tensors, origin.metadata(step: memory.version, streams: memory.streams))
    }
    try saver.save(tensors, metadata: metadata) { tensor, offset, destination in
      try memory.withLock { memory throws(StoreError) in
        try memory.read(tensor, from: offset, into: destination)
      }
    }
  }

  /// Lets others train the file from now on. What is not saved is lost, and nothing may be saved any more.
  public func close() { saver.withLock { $0.lock = nil } }
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
