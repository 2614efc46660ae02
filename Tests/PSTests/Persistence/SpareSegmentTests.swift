import Kernels
import NIOCore
import PS
import Parameters
import Synchronization
import Testing
import Wire

/// What is read of a log whose segments took the files of older ones, and have their bytes behind their own.
@Suite struct `A segment in the file of an older one` {
  // A segment ends the page that it is written in with zeros: only what is behind that is of the older one.
  private static let segmentByteCount = 4 * 4096

  private static func open(_ folder: MemoryFolder) throws -> Store {
    try TestLog.open(folder, segment: segmentByteCount)
  }

  /// What a server leaves that found old segments beside its log, and wrote records of which the last ones are not synced.
  private static func written() throws -> (folder: MemoryFolder, records: [LogRecord], synced: UInt64) {
    let records = try TestLog.records(92, rows: 100)
    let folder = MemoryFolder()
    let before = try open(folder).log
    try before.write(records[..<60])
    for name in folder.segments { folder[name + ".old"] = folder[name] }
    let spares = folder.spares
    #expect(spares.count > 2)
    let log = try open(folder).log
    try log.write(records[60..<90])
    for record in records[90...] { try log.append(record) }
    #expect(!log.isTurning && folder.spares.count < spares.count - 1)
    // What is behind its records is of another segment.
    let last = folder[folder.segments.last!]
    #expect(last.count == segmentByteCount && last[56] == 1 && last.suffix(4096).contains { $0 != 0 })
    return (folder, records, log.durableLSN)
  }

  @Test func `has its records after a kill, and none of the older one`() throws {
    let (folder, records, synced) = try Self.written()
    #expect(synced < UInt64(records.count))
    let store = try Self.open(folder.afterKill)
    #expect(store.finding.lastLSN == UInt64(records.count) && store.finding.tornByteCount == 0)
  }

  @Test func `is an exact prefix when it is cut at any byte or has any bit flipped`() throws {
    let (folder, records, synced) = try Self.written()
    var refused = 0
    try TestLog.changing(folder.segments.last!, of: folder, step: 7) { place, isCut, last in
      guard let last else { return refused += 1 }
      // Who cuts a file takes synced records away, too.
      #expect(last <= UInt64(records.count) && (isCut || last >= synced), "\(place)")
    }
    #expect(refused > 500)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `has all that was synced after a power cut, and is a prefix`(_ seed: UInt64) throws {
    let (folder, records, synced) = try Self.written()
    try TestLog.checkAfterPowerCut(folder, records, synced: synced, seed: seed, segment: Self.segmentByteCount)
  }

  @Test func `has a torn record, and nothing of the older one, kept aside`() throws {
    let (folder, records, _) = try Self.written()
    let name = folder.segments.last!
    let bytes = folder[name]
    // The last byte of the last record.
    var place = try #require(
      (64..<bytes.count).last { bytes[$0...].starts(with: records.last!.payload.readableBytesView) })
    place += records.last!.payload.readableBytes - 1
    folder[name][place] ^= 1
    let store = try Self.open(folder)
    #expect(store.finding.lastLSN == UInt64(records.count - 1))
    #expect(folder[name + ".torn"].count == 48 + (records.last!.payload.readableBytes + 7) & ~7)
  }

  /// The power goes when the bytes of a segment are on the disk, but not yet that it took a file: so the segment is lost,
  /// and the next one, of the same number behind the same record, takes the same file.
  @Test func `has no records of one that was lost with its name`() throws {
    let records = try TestLog.records(40)
    let folder = MemoryFolder()
    let before = try TestLog.open(folder).log
    try before.write(records[..<20])
    for name in folder.segments.prefix(2) { folder[name + ".old"] = folder[name] }
    let log = try TestLog.open(folder).log
    var next = 20
    while !log.isTurning {
      try log.sync()
      try log.append(records[next])
      next += 1
    }
    for record in records[next..<next + 2] { try log.append(record) }
    folder.state.withLock { state in
      for (number, file) in state.files { state.files[number]?.durable = file.bytes }
      state.names = state.unsyncedNames[0]
    }
    let found = folder.afterKill
    let last = try TestLog.open(found).finding.lastLSN
    #expect(last == UInt64(next - 1))
    #expect(try TestLog.open(found.afterKill).finding.lastLSN == last)
  }

  @Test func `is made anew when somebody removed the older one`() throws {
    let records = try TestLog.records(40)
    let folder = MemoryFolder()
    let log = try TestLog.open(folder).log
    try log.write(records[..<20])
    try log.spares.add(Array(folder.segments.prefix(2)))
    for name in folder.spares { try folder.remove(name) }
    let segments = folder.segments.count
    try log.write(records[20...])
    #expect(folder.segments.count > segments + 1)
  }

  @Test func `is room on a full disk`() throws {
    let records = try TestLog.records(80)
    let folder = MemoryFolder()
    let log = try TestLog.open(folder).log
    try log.write(records[..<20])
    let old = Array(folder.segments.prefix(2))
    try log.spares.add(old)
    #expect(folder.spares == old.map { $0 + ".old" })
    folder.state.withLock { $0.capacity = $0.size }
    // The one that is prepared, then the two.
    let segments = folder.segments.count
    var written = 20
    while (try? log.append(records[written])) != nil {
      try log.sync()
      written += 1
    }
    #expect(folder.segments.count == segments + 3 && folder.spares.isEmpty, "\(written)")
  }

  @Test func `is one of a few that are kept, the others give their place back`() throws {
    let folder = MemoryFolder()
    let log = try TestLog.open(folder).log
    try log.write(TestLog.records(80))
    let segments = folder.segments
    #expect(segments.count > 8)
    // One that is shorter than segments are; others are a little longer.
    folder[segments[0]].removeLast(100)
    let spares = try SpareSegments(folder, segmentByteCount: 1024, limit: 5)
    try spares.add(segments.dropLast())
    #expect(folder.spares == segments[1...5].map { $0 + ".old" } && folder.segments == segments.suffix(1))
    // Before anything is written over, no name of it is that of other records.
    #expect(folder.state.withLock { $0.unsyncedNames.isEmpty })
    spares.removeAll()
    #expect(folder.spares.isEmpty)
  }
}

extension MemoryFolder {
  /// The old segments whose files the next ones take.
  fileprivate var spares: [String] { state.withLock { $0.names.keys.filter { $0.hasSuffix(".log.old") }.sorted() } }
}
