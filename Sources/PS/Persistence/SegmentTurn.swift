import Files
import Synchronization

/// The turn from one segment of a log to the next, while records go on into the next one.
///
/// The next segment has its own name only when everything before it is on the disk; until then it is called
/// ``unfinishedName``. So a log whose segments have their names has no holes, whenever the power goes. Who only lost the
/// process finds all records nevertheless: a file of that name that follows on the last segment belongs to the log.
final class SegmentTurn: Sendable {
  /// The segment that ends; nil if there is none.
  private let ended: (any StoreFile)?
  private let begun: any StoreFile
  private let name: String
  private let folder: any StoreFolder
  private let outcome = Mutex<Result<Void, FileError>?>(nil)

  /// Under this name a segment is prepared and begun.
  static let unfinishedName = "wal-next"

  init(from ended: (any StoreFile)?, to begun: any StoreFile, name: String, in folder: any StoreFolder) {
    self.ended = ended
    self.begun = begun
    self.name = name
    self.folder = folder
  }

  /// Syncs both segments and gives the one that begins its name. It may be called on any thread, and does its work once:
  /// what fails is not tried again.
  func run() throws(FileError) {
    let outcome = outcome.withLock { outcome in
      let result = outcome ?? Result(catching: work)
      outcome = result
      return result
    }
    try outcome.get()
  }

  private func work() throws(FileError) {
    try ended?.sync()
    try begun.sync()
    try folder.rename(Self.unfinishedName, to: name)
    try folder.sync()
  }
}
