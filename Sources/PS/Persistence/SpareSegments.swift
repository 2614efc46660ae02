package import Files
import NIOCore
import Synchronization

/// Old segments of a log whose files the next ones take.
///
/// A file that is written over has its place on the disk and its pages in memory already, so that a sync has only bytes
/// to write. The records of its earlier life stay behind those of the new segment, which are told from them by their
/// checksums (``SegmentHeader/seed``).
package final class SpareSegments: Sendable {
  private let folder: any StoreFolder
  private let segmentByteCount: Int
  /// How many are kept.
  private let limit: Int
  private let names: Mutex<[String]>

  /// What is added to the name of a segment that is spare.
  private static let suffix = ".old"

  /// Finds those that are in `folder`.
  ///
  /// - Parameter limit: How many are kept; by default, as many as a small model fills between two snapshots.
  package init(_ folder: any StoreFolder, segmentByteCount: Int, limit: Int? = nil) throws(FileError) {
    self.folder = folder
    self.segmentByteCount = segmentByteCount
    self.limit = limit ?? StoreKeeper.snapshotByteCount / segmentByteCount + 1
    let found = try folder.names().filter {
      $0.hasSuffix(Self.suffix) && SegmentHeader.firstLSN(ofName: String($0.dropLast(Self.suffix.count))) != nil
    }
    // A name that is lost again would be that of other records.
    if !found.isEmpty { try folder.sync() }
    names = Mutex(found.sorted())
  }

  /// How many there are.
  var count: Int { names.withLock { $0.count } }

  /// Takes the segments `old`, of which nothing is needed any more: some are kept, the others removed. It may be called
  /// on any thread.
  package func add(_ old: [String]) throws(FileError) {
    var kept: [String] = []
    for name in old {
      if count + kept.count < limit, let spare = keep(name) { kept.append(spare) } else { try folder.remove(name) }
    }
    guard !kept.isEmpty else { return }
    try folder.sync()
    names.withLock { $0 += kept }
  }

  /// Makes the segment `name` spare if it is long enough.
  ///
  /// - Returns: Its new name; nil if it is not, or if the folder has no room for a name.
  private func keep(_ name: String) -> String? {
    guard let file = try? folder.open(name), let size = try? file.byteCount, size >= segmentByteCount,
      (try? folder.rename(name, to: name + Self.suffix)) != nil
    else { return nil }
    return name + Self.suffix
  }

  /// Gives a spare segment the name `name`.
  ///
  /// - Returns: Its file, as long as a segment or shorter; nil if there is none. One that is gone or cannot be used, which
  ///   is no harm, counts as none.
  func take(as name: String) -> (any StoreFile)? {
    while let spare = names.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      do throws(FileError) {
        let file = try folder.openToChange(spare)
        try file.truncate(to: segmentByteCount)
        // Until it is begun it is no segment.
        try file.write([ByteBuffer(repeating: 0, count: SegmentHeader.byteCount)], at: 0)
        try folder.rename(spare, to: name)
        return file
      } catch {
        continue
      }
    }
    return nil
  }

  /// Removes all, to make room.
  package func removeAll() {
    while let spare = names.withLock({ $0.popLast() }) {
      // One that somebody else removed is as good.
      try? folder.remove(spare)
    }
  }
}
