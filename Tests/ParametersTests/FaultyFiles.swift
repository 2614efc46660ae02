import Files
import Kernels
import Synchronization

/// The machine's file system, one step of which fails.
final class FaultyFiles: FileSystem {
  /// The steps: a lock, then those of a save in their order.
  enum Step: CaseIterable, Sendable {
    case lock, create, append, replaceBeginning, sync, close, putInPlace, syncFolder

    /// Those of a save.
    static let saving = allCases.filter { $0 != .lock }

    /// What the system says then.
    var error: FileError {
      switch self {
      case .lock, .create: FileError("f", .create, code: 13)
      case .append, .replaceBeginning, .close: FileError("f", .write, code: 28)
      case .sync, .syncFolder: FileError("f", .sync, code: 5)
      case .putInPlace: FileError("f", .rename, code: 5)
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

  func createReplacement(
    ofFileAt path: String, permissions: UInt32
  ) throws(FileError) -> any FileReplacement {
    try take(.create)
    return Replacement(files: self, base: try files.createReplacement(ofFileAt: path, permissions: permissions))
  }

  func syncFolder(of path: String) throws(FileError) {
    try take(.syncFolder)
    try files.syncFolder(of: path)
  }

  func lock(_ path: String) throws(FileError) -> FileLock? {
    try take(.lock)
    return try files.lock(path)
  }

  private final class Replacement: FileReplacement {
    let files: FaultyFiles
    let base: any FileReplacement

    init(files: FaultyFiles, base: any FileReplacement) {
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

    func putInPlace() throws(FileError) {
      try files.take(.putInPlace)
      try base.putInPlace()
    }

    func remove() { base.remove() }
  }
}
