import Kernels
import NIOCore
import PS
import Parameters
import Testing
import Wire

/// What is read of a log whose server ended between two segments: records went on into the next one, and a sync was to
/// give it its name.
@Suite struct `A log between two segments` {
  /// What a server leaves that wrote `records`, and synced all but those behind the end of its second segment.
  private static func folder(_ records: [LogRecord]) throws -> (folder: MemoryFolder, synced: UInt64) {
    let folder = MemoryFolder()
    let log = try TestLog.open(folder).log
    for record in records {
      try log.append(record)
      if folder.segments.count < 2 || !log.isTurning { try log.sync() }
    }
    #expect(log.isTurning && log.durableLSN < log.lastLSN)
    return (folder, log.durableLSN)
  }

  @Test func `has all records after a kill, and gives the segment its name`() throws {
    let records = try TestLog.records(12)
    let folder = try Self.folder(records).folder.afterKill
    #expect(try Store.verify(folder).1.lastLSN == UInt64(records.count))
    let begun = folder[folder.begunSegment]
    let before = folder.segments
    let store = try TestLog.open(folder)
    #expect(store.finding.lastLSN == UInt64(records.count) && store.finding.tornByteCount == 0)
    // The server that was started goes on in another one.
    #expect(folder.segments.dropLast(2) == before[...])
    #expect(begun.starts(with: folder[folder.segments.dropLast().last!]))
    #expect(try TestLog.open(folder.afterKill).finding.lastLSN == UInt64(records.count))
  }

  @Test func `is an exact prefix when its last segment is cut at any byte or has any bit flipped`() throws {
    let records = try TestLog.records(12)
    let (folder, synced) = try Self.folder(records)
    let name = folder.begunSegment
    var (prefixes, refused) = (0, 0)
    try TestLog.changing(name, of: folder) { place, isCut, last in
      guard let last else {
        #expect(!isCut, "\(place)")
        return refused += 1
      }
      #expect(last >= synced && last <= UInt64(records.count), "\(place)")
      prefixes += 1
    }
    #expect(prefixes > refused && refused > 0)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `has all that was synced after a power cut, and is a prefix`(_ seed: UInt64) throws {
    let records = try TestLog.records(12)
    let (folder, synced) = try Self.folder(records)
    try TestLog.checkAfterPowerCut(folder, records, synced: synced, seed: seed)
  }

  @Test func `is given up behind damage before it, and kept aside`() throws {
    let folder = try Self.folder(TestLog.records(12)).folder
    let begun = folder[folder.begunSegment]
    folder[folder.segments[0]][100] ^= 1
    let finding = try #require(try Store.truncate(folder))
    #expect(finding.lastLSN == 0)
    #expect(folder[folder.begunSegment + ".damaged"] == begun)
    #expect(try TestLog.open(folder).finding.lastLSN == 0)
  }

  @Test func `ends its segment in order when its server stops`() throws {
    let folder = MemoryFolder()
    let records = try TestLog.records(12)
    let log = try TestLog.open(folder).log
    for record in records { try log.append(record) }
    #expect(log.isTurning && folder.segments.count == 1)
    try log.close()
    #expect(folder.segments.count == 2)
    let finding = try Store.verify(folder).1
    #expect(finding.isClean && finding.lastLSN == UInt64(records.count))
  }
}
