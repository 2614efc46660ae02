import Kernels
import Parameters
import Synchronization

/// The machine's file system, one step of which fails.
final class FaultyFiles: FileSystem {
  /// The steps, in the order of a save.
  enum Step: CaseIterable, Sendable {
    case create, append, replaceBeginning, sync, close, rename, syncFolder

    /// What the system says then.
    var error: FileError {
      switch self {
      case .create: FileError("f", .create, code: 13)
      case .append, .replaceBeginning, .close: FileError("f", .write, code: 28)
      case .sync, .syncFolder: FileError("f", .sync, code: 5)
      case .rename: FileError("f", .rename, code: 5)
      }
    }
  }

  /// Which step fails, and how many times each was taken.
  struct Plan: Sendable {
    var failing: Step?
    var counts: [Step: Int] = [:]
  }

  let plan = Mutex(Plan())
  private let visitor = Mutex<(@Sendable () -> Void)?>(nil)
  private let files = SystemFiles()

  func fail(_ step: Step?) { plan.withLock { $0.failing = step } }

  /// Does `body` while a file is synced, before the sync ends.
  func whileSyncing(_ body: @escaping @Sendable () -> Void) { visitor.withLock { $0 = body } }

  fileprivate func take(_ step: Step) throws(FileError) {
    let isFailing = plan.withLock { plan in
      plan.counts[step, default: 0] += 1
      return plan.failing == step
    }
    if isFailing { throw step.error }
  }

  func create(_ path: String, inPlaceOf old: String) throws(FileError) -> any FileWriter {
    try take(.create)
    return Writer(files: self, base: try files.create(path, inPlaceOf: old))
  }

  func rename(_ path: String, to newPath: String) throws(FileError) {
    try take(.rename)
    try files.rename(path, to: newPath)
  }

  func syncFolder(of path: String) throws(FileError) {
    try take(.syncFolder)
    try files.syncFolder(of: path)
  }

  func remove(_ path: String) { files.remove(path) }

  private final class Writer: FileWriter {
    let files: FaultyFiles
    let base: any FileWriter

    init(files: FaultyFiles, base: any FileWriter) {
      self.files = files
      self.base = base
    }

    func append(_ bytes: MemoryView<UInt8>) throws(FileError) {
      // The header fits, the tensors do not.
      if files.plan.withLock({ $0.counts[.append] ?? 0 }) > 0 { try files.take(.append) }
      files.plan.withLock { $0.counts[.append, default: 0] += 1 }
      try base.append(bytes)
    }

    func replaceBeginning(with bytes: MemoryView<UInt8>) throws(FileError) {
      try files.take(.replaceBeginning)
      try base.replaceBeginning(with: bytes)
    }

    func sync() throws(FileError) {
      let visit = files.visitor.withLock { $0 }
      visit?()
      try files.take(.sync)
      try base.sync()
    }

    func close() throws(FileError) {
      try base.close()
      try files.take(.close)
    }
  }
}
