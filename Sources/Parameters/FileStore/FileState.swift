import Kernels

/// What a ``FileStore`` guards.
struct FileState: Sendable {
  var memory: MemoryState
  let writer: SafetensorsWriter
  let origin: FileStore.Origin
  let interval: Duration?
  let now: @Sendable () -> ContinuousClock.Instant
  var lastSave: ContinuousClock.Instant
  var hasChanges: Bool
  private var syncFailure: FileError?

  init(
    memory: MemoryState, writer: SafetensorsWriter, origin: FileStore.Origin, interval: Duration?,
    now: @escaping @Sendable () -> ContinuousClock.Instant, lastSave: ContinuousClock.Instant, hasChanges: Bool
  ) {
    self.memory = memory
    self.writer = writer
    self.origin = origin
    self.interval = interval
    self.now = now
    self.lastSave = lastSave
    self.hasChanges = hasChanges
  }

  mutating func saveIfDue() throws(StoreError) {
    if let interval, hasChanges, now() - lastSave >= interval { try save() }
  }

  mutating func save() throws(StoreError) {
    if let syncFailure { throw .inputOutput(syncFailure) }
    guard hasChanges else { return }
    do {
      let metadata = origin.metadata(step: memory.version, streams: memory.streams)
      try writer.replace(tensors: memory.tensors, metadata: metadata) { tensor, offset, destination in
        try memory.read(tensor, from: offset, into: destination)
      }
    } catch let error as FileError {
      if error.operation == .sync { syncFailure = error }
      throw StoreError(error)
    } catch {
      preconditionFailure("a tensor of the store cannot be read: \(error)")
    }
    hasChanges = false
    lastSave = now()
  }
}
