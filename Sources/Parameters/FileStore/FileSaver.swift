import Files
import Kernels

/// Writes the file of a ``FileStore``, and knows when that is due.
struct FileSaver: Sendable {
  /// Whether the parameters have changed since the last save.
  var hasChanges: Bool
  /// The right to write the file; nil once it is given up.
  var lock: FileLock?

  private let writer: SafetensorsWriter
  private let interval: Duration?
  private let now: @Sendable () -> ContinuousClock.Instant
  private var lastSave: ContinuousClock.Instant
  private var syncFailure: FileError?

  /// A saver that was started now.
  init(
    _ writer: SafetensorsWriter, _ lock: FileLock, every interval: Duration?,
    now: @escaping @Sendable () -> ContinuousClock.Instant, hasChanges: Bool
  ) {
    self.writer = writer
    self.lock = lock
    self.interval = interval
    self.now = now
    self.hasChanges = hasChanges
    lastSave = now()
  }

  /// Whether changes have waited long enough.
  var isDue: Bool {
    guard let interval, hasChanges else { return false }
    return now() - lastSave >= interval
  }

  /// Throws what a sync has failed with: the system may have dropped what it could not write, so it is not tried again.
  func checkSync() throws(StoreError) { if let syncFailure { throw .inputOutput(syncFailure) } }

  /// Replaces the file by `tensors`, whose elements `read` copies.
  mutating func save(
    _ tensors: [StoredTensor], metadata: [(key: String, value: String)],
    read: (_ tensor: String, _ offset: Int, _ destination: MemoryView<Float>) throws -> Void
  ) throws(StoreError) {
    precondition(lock != nil, "saving to '\(writer.path)' in a store that was closed")
    do {
      try writer.replace(tensors: tensors, metadata: metadata, read: read)
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
