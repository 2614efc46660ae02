import Files
import Kernels
import NIOCore
import Wire

/// A snapshot, the file `snapshot-<LSN>`: a server as it was after that record of its log.
///
///      0  8  magic        "\x89OLSNP\r\n"
///      8 24  identity     ``StoreIdentity``
///     32  8  LSN
///     40 20  0
///     60  4  checksum     CRC-32C of bytes 0..<60
///
/// Chunks follow, each filled up with zeros to a multiple of eight bytes. The last one is empty and closes the file.
///
///      0  4  length       of the chunk, 0 for the last one
///      4  4  0
///      8  4  checksum     CRC-32C of the chunk, begun with that of the chunk before, or of the header
///     12  4  checksum     CRC-32C of bytes 0..<12
enum SnapshotFile {
  static let headerByteCount = 64
  static let chunkHeaderByteCount = 16
  /// Under this name it is written.
  static let unfinishedName = "snapshot-next"
  private static let magic = Array("\u{89}OLSNP\r\n".unicodeScalars.map { UInt8($0.value) })

  /// The name of the snapshot behind record `lsn`.
  static func name(lsn: UInt64) -> String { "snapshot-\(lsn.hexadecimal)" }

  /// The last record of the snapshot of this name; nil for other files.
  static func lsn(ofName name: String) -> UInt64? {
    guard name.count == 25, name.hasPrefix("snapshot-") else { return nil }
    return UInt64(name.dropFirst(9), radix: 16)
  }

  /// The snapshots in a folder, the newest first.
  static func all(in folder: any StoreFolder) throws(FileError) -> [(lsn: UInt64, name: String)] {
    try folder.names().compactMap { name in lsn(ofName: name).map { ($0, name) } }.sorted { $0 > $1 }
  }

  /// The header, and its checksum.
  static func header(_ identity: StoreIdentity, lsn: UInt64) -> (bytes: ByteBuffer, checksum: UInt32) {
    var writer = MessageWriter(capacity: headerByteCount)
    writer.data(magic)
    identity.write(to: &writer)
    writer.integer(lsn)
    writer.zeros(20)
    let checksum = writer.payload.checksum(at: 0, length: 60)
    writer.integer(checksum)
    return (writer.payload, checksum)
  }

  /// Reads a header.
  static func readHeader(
    _ bytes: ByteBuffer
  ) throws(Refusal) -> (identity: StoreIdentity, lsn: UInt64, checksum: UInt32) {
    var reader = MessageReader(bytes)
    guard try reader.data(count: 8) == magic else { throw Refusal(.badMagic, "this is no snapshot") }
    let identity = try StoreIdentity(from: &reader)
    let lsn = try reader.integer(UInt64.self)
    try reader.zeros(20)
    let checksum = bytes.checksum(at: bytes.readerIndex, length: 60)
    guard try reader.integer(UInt32.self) == checksum else {
      throw Refusal(.badHeaderChecksum, "the snapshot's header has another checksum")
    }
    return (identity, lsn, checksum)
  }

  /// The header of a chunk, and the checksum that the next one begins with.
  static func chunkHeader(_ chunk: ByteBuffer, continuing before: UInt32) -> (bytes: ByteBuffer, checksum: UInt32) {
    let checksum = chunk.checksum(at: chunk.readerIndex, length: chunk.readableBytes, continuing: before)
    var writer = MessageWriter(capacity: chunkHeaderByteCount)
    writer.count(chunk.readableBytes)
    writer.zeros(4)
    writer.integer(checksum)
    writer.integer(writer.payload.checksum(at: 0, length: 12))
    return (writer.payload, checksum)
  }
}

/// Writes a snapshot under a name of its own, and puts it in place when it is whole and on the disk.
final class SnapshotWriter: Sendable {
  private let folder: any StoreFolder
  private let identity: StoreIdentity
  /// Takes the segments that are needed no more.
  private let spares: SpareSegments?
  /// The last record that the snapshot has.
  let lsn: UInt64

  /// How far a snapshot is written.
  struct Progress: Sendable {
    fileprivate let file: any StoreFile
    fileprivate var checksum: UInt32
    fileprivate(set) var end: Int
  }

  init(_ folder: any StoreFolder, _ identity: StoreIdentity, lsn: UInt64, spares: SpareSegments?) {
    self.folder = folder
    self.identity = identity
    self.spares = spares
    self.lsn = lsn
  }

  /// Begins the file.
  func begin() throws(FileError) -> Progress {
    let file = try folder.create(SnapshotFile.unfinishedName)
    let (bytes, checksum) = SnapshotFile.header(identity, lsn: lsn)
    try file.write([bytes], at: 0)
    return Progress(file: file, checksum: checksum, end: bytes.readableBytes)
  }

  /// Appends a chunk; an empty one closes the file.
  func write(_ chunk: ByteBuffer, _ progress: inout Progress) throws(FileError) {
    let (header, checksum) = SnapshotFile.chunkHeader(chunk, continuing: progress.checksum)
    let padding = ByteBuffer(repeating: 0, count: -chunk.readableBytes & 7)
    try progress.file.write([header, chunk, padding], at: progress.end)
    progress.end += header.readableBytes + chunk.readableBytes + padding.readableBytes
    progress.checksum = checksum
  }

  /// Closes the file and puts it in place, once `log` is on the disk as far as the snapshot goes. Only the newest two
  /// snapshots stay, and the log behind the older one.
  ///
  /// - Returns: The size of the snapshot.
  func finish(_ progress: Progress, behind log: LogWriter.Sync?) throws(FileError) -> Int {
    var progress = progress
    try write(ByteBuffer(), &progress)
    try progress.file.sync()
    try log?.run()
    try folder.rename(SnapshotFile.unfinishedName, to: SnapshotFile.name(lsn: lsn))
    try folder.sync()
    let snapshots = try SnapshotFile.all(in: folder)
    for old in snapshots.dropFirst(2) { try folder.remove(old.name) }
    guard snapshots.count > 1 else { return progress.end }
    let segments = try LogRecovery.list(folder)
    let old = zip(segments, segments.dropFirst()).filter { $1.firstLSN <= snapshots[1].lsn + 1 }
    try spares?.add(old.map(\.0.name))
    return progress.end
  }

  /// Gives up: the file is gone.
  func abandon() { try? folder.remove(SnapshotFile.unfinishedName) }
}

extension ServerCore {
  /// Takes the snapshot `name`.
  ///
  /// - Returns: The store that it belongs to, and the size of its file.
  mutating func restore(
    snapshot name: String, in folder: any StoreFolder
  ) throws(StoreFolderError) -> (identity: StoreIdentity, byteCount: Int) {
    let file: any StoreFile
    let size: Int
    do throws(FileError) {
      file = try folder.open(name)
      size = try file.byteCount
    } catch {
      throw .system(error)
    }
    var offset = 0
    do throws(Refusal) {
      let header = try SnapshotFile.readHeader(Self.read(file, 0, SnapshotFile.headerByteCount))
      guard header.lsn == SnapshotFile.lsn(ofName: name) else { throw Refusal(.malformed, "its name says otherwise") }
      var checksum = header.checksum
      offset = SnapshotFile.headerByteCount
      while let chunk = try Self.readChunk(file, offset, size, &checksum) {
        try restore(chunk)
        offset += SnapshotFile.chunkHeaderByteCount + (chunk.readableBytes + 7) & ~7
      }
      try checkRestored()
      guard applied.lastLSN == header.lsn, offset + SnapshotFile.chunkHeaderByteCount == size else {
        throw Refusal(.malformed, "it goes on behind its end, or has another record as its last")
      }
      return (header.identity, size)
    } catch {
      throw StoreFolderError(error, of: "the snapshot '\(name)' in '\(folder.path)'", in: name, at: offset)
    }
  }

  private static func read(_ file: any StoreFile, _ offset: Int, _ count: Int) throws(Refusal) -> ByteBuffer {
    guard let bytes = try? file.read(at: offset, count: count), bytes.readableBytes == count else {
      throw Refusal(.malformed, "the file ends there, or cannot be read")
    }
    return bytes
  }

  private static func readChunk(
    _ file: any StoreFile, _ offset: Int, _ size: Int, _ checksum: inout UInt32
  ) throws(Refusal) -> ByteBuffer? {
    let header = try read(file, offset, SnapshotFile.chunkHeaderByteCount)
    let start = offset + SnapshotFile.chunkHeaderByteCount
    var reader = MessageReader(header)
    let length = Int(try reader.integer(UInt32.self))
    guard header.checksum(at: 0, length: 12) == header.getInteger(at: 12, endianness: .little, as: UInt32.self),
      length <= size - start
    else { throw Refusal(.malformed, "no chunk begins there") }
    let padded = try read(file, start, (length + 7) & ~7)
    guard let chunk = padded.getSlice(at: 0, length: length) else { return nil }
    let expected = SnapshotFile.chunkHeader(chunk, continuing: checksum)
    guard expected.bytes == header, padded.readableBytesView.dropFirst(length).allSatisfy({ $0 == 0 }) else {
      throw Refusal(.malformed, "a chunk with another checksum")
    }
    checksum = expected.checksum
    return length == 0 ? nil : chunk
  }
}
