import Glibc
import Parameters

/// Writes files so that a reader sees the old content or all of the new, never a part.
package struct OutputFile: ~Copyable {
  private let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Replaces the file at `path` with what `body` writes.
  ///
  /// The bytes go to a temporary file beside it, with its permissions, are synced, and take its name at the end. A
  /// symbolic link stays, and where it leads is written. What is not a regular file, such as `/dev/full` or a pipe, is
  /// written in place.
  ///
  /// - Throws: ``DataError``; then the old file is still there and the temporary one is gone.
  package static func replace(
    _ path: String, _ body: (borrowing OutputFile) throws(DataError) -> Void
  ) throws(DataError) {
    let target = SystemFiles.resolved(path)
    if SystemFiles.kind(target) == .other {
      // Only a file without a name has something to cut off: what `/dev/stdout` is where a program made one for it.
      let descriptor = unsafe open(target, O_WRONLY | O_TRUNC | O_CLOEXEC)
      guard descriptor >= 0 else { throw refusal(of: path, code: errno) }
      let file = OutputFile(path: path, descriptor: descriptor)
      defer { close(file.descriptor) }
      return try body(file)
    }
    let temporary = "\(target).\(getpid()).partial"
    let descriptor: Int32
    do throws(FileError) {
      descriptor = try SystemFiles.create(temporary, inPlaceOf: target, otherwise: 0o666)
    } catch {
      throw refusal(of: path, code: error.code)
    }
    let file = OutputFile(path: path, descriptor: descriptor)
    do throws(DataError) {
      do throws(DataError) {
        try body(file)
        guard fsync(file.descriptor) == 0 else { throw file.failure("syncing") }
      } catch {
        close(file.descriptor)
        throw error
      }
      guard close(file.descriptor) == 0 else { throw file.failure("closing") }
      guard unsafe rename(temporary, target) == 0 else {
        throw DataError(path, .cannotCreate(systemMessage(errno)))
      }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  /// The same with a `body` that may fail in any way.
  package static func replace(_ path: String, with body: (borrowing OutputFile) throws -> Void) throws {
    var failure: (any Error)?
    do throws(DataError) {
      try replace(path) { (file) throws(DataError) in
        do { try body(file) } catch {
          failure = error
          throw DataError(path, .inputOutput("\(error)"))
        }
      }
    } catch { throw failure ?? error }
  }

  /// Writes all of `scalars`, in memory order.
  package func write<Scalar: BitwiseCopyable>(_ scalars: [Scalar]) throws(DataError) {
    let byteCount = scalars.count * MemoryLayout<Scalar>.stride
    var offset = 0
    while offset < byteCount {
      let count = unsafe scalars.withUnsafeBytes { bytes in
        // Safety: the offset lies within the array.
        unsafe Glibc.write(descriptor, bytes.baseAddress! + offset, byteCount - offset)
      }
      if count < 0 {
        guard errno == EINTR else { throw failure("writing") }
        continue
      }
      offset += count
    }
  }

  private func failure(_ action: String) -> DataError {
    DataError(path, .inputOutput("\(action) failed: \(systemMessage(errno))"))
  }

  /// Why the file at `path` cannot be opened.
  private static func refusal(of path: String, code: Int32) -> DataError {
    DataError(
      path, code == ENOSPC ? .inputOutput("writing failed: \(systemMessage(code))") : .cannotCreate(systemMessage(code))
    )
  }
}
