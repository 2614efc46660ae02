package import Kernels
import Glibc

/// A file of which any part can be read.
package struct RandomAccessFile: Sendable {
  /// Its size when it was opened.
  package let byteCount: Int
  private let file: ReadableFile

  /// Its name.
  package var path: String { file.path }

  /// Opens the regular file at `path`.
  package init(_ path: String) throws(FileError) {
    file = try ReadableFile(path)
    switch file.kind {
    case .regular(let byteCount): self.byteCount = byteCount
    case .folder: throw FileError(path, .open, code: EISDIR)
    case .other: throw FileError(path, .open, code: EINVAL)
    }
  }

  /// Fills `bytes` from the file's byte `offset` on and returns how many there were.
  package func read(at offset: Int, into bytes: MemoryView<UInt8>) throws(FileError) -> Int {
    try file.read(at: offset, into: bytes)
  }
}
