package import Kernels
import Glibc

/// A file that is read anywhere.
package final class RandomAccessFile: Sendable {
  // Safety: the calls of the system take the path as a string that lives as long as the call, and fill a structure of
  // ours; the descriptor is open as long as the object lives.

  /// Its name.
  package let path: String
  /// Its size when it was opened.
  package let byteCount: Int
  private let descriptor: Int32

  /// Opens the regular file at `path`.
  package init(_ path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, .open, code: errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw FileError(path, .open, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(path, .open, code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `bytes` from the file's byte `offset` on and returns how many there were.
  package func read(at offset: Int, into bytes: MemoryView<UInt8>) throws(FileError) -> Int {
    var position = 0
    while position < bytes.count {
      // Safety: the position lies within the view.
      let count = unsafe pread(descriptor, bytes.base + position, bytes.count - position, off_t(offset + position))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path, .read, code: errno) }
      guard count > 0 else { break }
      position += count
    }
    return position
  }
}
