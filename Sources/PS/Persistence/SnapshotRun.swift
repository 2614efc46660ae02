import Files
import NIOCore

/// Writes a snapshot beside a running server: chunks are copied on its event loop, one at a time between requests, and
/// written on another thread.
final class SnapshotRun {
  private let writer: SnapshotWriter
  private let loop: any ServerLoop
  private let next: () throws(CancellationError) -> ByteBuffer?
  private let log: () -> LogWriter.Sync?
  private let ended: (SnapshotEnd) -> Void
  private var isCancelled = false

  /// - Parameters:
  ///   - next: The next chunk; nil if there are no more. Throws if nobody knows them any more.
  ///   - log: What is to be done so that the log is on the disk.
  ///   - ended: Is told what became of it.
  init(
    _ writer: SnapshotWriter, on loop: any ServerLoop, next: @escaping () throws(CancellationError) -> ByteBuffer?,
    log: @escaping () -> LogWriter.Sync?, ended: @escaping (SnapshotEnd) -> Void
  ) {
    self.writer = writer
    self.loop = loop
    self.next = next
    self.log = log
    self.ended = ended
  }

  /// The last record that the snapshot has.
  var lsn: UInt64 { writer.lsn }

  /// Gives up before the next chunk.
  func cancel() { isCancelled = true }

  /// Begins.
  func start() {
    let writer = writer
    work { () throws(FileError) in
      try writer.begin()
    } then: { [self] in
      write($0)
    }
  }

  private func write(_ progress: SnapshotWriter.Progress) {
    let writer = writer
    let chunk: ByteBuffer?
    do throws(CancellationError) {
      guard !isCancelled else { throw CancellationError() }
      chunk = try next()
    } catch {
      return work { () throws(FileError) in
        writer.abandon()
      } then: { [self] in
        ended(.cancelled)
      }
    }
    guard let chunk else {
      let log = log()
      return work { () throws(FileError) in
        try writer.finish(progress, behind: log)
      } then: { [self] in
        ended(.inPlace(Snapshot(lsn: writer.lsn, byteCount: $0)))
      }
    }
    work { () throws(FileError) in
      var progress = progress
      try writer.write(chunk, &progress)
      return progress
    } then: { [self] in
      write($0)
    }
  }

  private func work<Value: Sendable>(
    _ body: @escaping @Sendable () throws(FileError) -> Value, then: @escaping (Value) -> Void
  ) {
    let (writer, ended) = (writer, ended)
    loop.run(on: .snapshots, body) { result in
      switch result {
      case .success(let value): then(value)
      case .failure(let error):
        writer.abandon()
        ended(.failed(error))
      }
    }
  }
}

/// A snapshot that is in place.
struct Snapshot: Hashable, Sendable {
  /// The last record that it has.
  var lsn: UInt64
  /// The size of its file.
  var byteCount: Int
}

/// What becomes of a snapshot.
enum SnapshotEnd {
  case inPlace(Snapshot)
  case failed(FileError)
  /// It was given up.
  case cancelled
}
