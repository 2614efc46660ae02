import NIOCore
package import Parameters
import Synchronization

/// Old segments of a log whose files the next ones take.
///
/// A file that is written over has its place on the disk and its pages in memory already: nothing is reserved, zeroed or
/// given back, and a sync has only bytes to write. The records of its earlier life stay behind those of the new segment,
/// which are told from them by their checksums: these begin with the number of the segment.
package final class SpareSegments: Sendable {
  private let folder: any StoreFolder
  private let segmentByteCount: Int
  private let names: Mutex<[String]>

  /// How many are kept: as many as there are between two snapshots of a small model.
  private static let limit = StoreKeeper.snapshotByteCount / Store.segmentByteCount + 1
  /// What is added to the name of a segment that is spare.
  private static let suffix = ".old"

  /// Finds those that are in `folder`.
  init(_ folder: any StoreFolder, segmentByteCount: Int) throws(FileError) {
    self.folder = folder
    self.segmentByteCount = segmentByteCount
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
    var room = Self.limit - count
    var kept: [String] = []
    for name in old {
      let file = try folder.open(name)
      if room > 0, try file.byteCount >= segmentByteCount {
        try file.truncate(to: segmentByteCount)
        try folder.rename(name, to: name + Self.suffix)
        kept.append(name + Self.suffix)
        room -= 1
      } else {
        try folder.remove(name)
      }
    }
    guard !kept.isEmpty else { return }
    try folder.sync()
    names.withLock { $0 += kept }
  }

  /// Gives a spare segment the name `name`.
  ///
  /// - Returns: Its file, and the number that it had; nil if there is none.
  func take(as name: String) throws(FileError) -> (file: any StoreFile, overwritten: UInt64)? {
    while let spare = names.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      try folder.rename(spare, to: name)
      let file = try folder.open(name)
      let bytes = try file.read(at: 0, count: SegmentHeader.byteCount)
      guard let header = try? SegmentHeader(reading: bytes) else {
        try folder.remove(name)
        continue
      }
      // Until it is begun it is none.
      try file.write([ByteBuffer(repeating: 0, count: SegmentHeader.byteCount)], at: 0)
      return (file, header.number)
    }
    return nil
  }

  /// Removes all, to make room.
  package func removeAll() throws(FileError) {
    while let spare = names.withLock({ $0.popLast() }) { try folder.remove(spare) }
  }
}
