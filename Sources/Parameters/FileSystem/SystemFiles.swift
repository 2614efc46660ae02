import Kernels
import Glibc

/// The file system of this machine.
package struct SystemFiles: FileSystem {
  // Safety: the calls of the system take paths as strings that live as long as the call, and fill structures of ours.

  package init() {}

  package func create(_ path: String) throws(FileError) -> any FileWriter {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path, .create, code: errno) }
    return SystemFileWriter(path: path, descriptor: descriptor)
  }

  package func rename(_ path: String, to newPath: String) throws(FileError) {
    guard unsafe Glibc.rename(path, newPath) == 0 else { throw FileError(newPath, .rename, code: errno) }
  }

  package func syncFolder(of path: String) throws(FileError) {
    let folder = Self.folder(of: path)
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(folder, .open, code: errno) }
    defer { _ = Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(folder, .sync, code: errno) }
  }

  package func remove(_ path: String) { unsafe unlink(path) }

  /// The number for something that has a file's place but is none.
  static let notAFile = EEXIST

  /// What is at a path.
  package enum Kind { case nothing, file, other }

  /// What is at `path`.
  package static func kind(_ path: String) -> Kind {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return .nothing }
    return status.st_mode & S_IFMT == S_IFREG ? .file : .other
  }

  /// The path of the file that the symbolic links at `path` end at; `path` if there is none.
  package static func resolved(_ path: String) -> String {
    // Safety: realpath gives a string of its own, which is freed after it was copied.
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The words for an error number.
  static func message(_ code: Int32) -> String {
    // Safety: the string is copied before another call can change it; at worst another thread's words appear.
    unsafe String(cString: strerror(code))
  }
}

/// A file that is being written.
private final class SystemFileWriter: FileWriter {
  private let path: String
  private let descriptor: Int32

  init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  func append(_ bytes: MemoryView<UInt8>) throws(FileError) {
    var position = 0
    while position < bytes.count {
      // Safety: the position lies within the view.
      let count = unsafe Glibc.write(descriptor, bytes.base + position, bytes.count - position)
      guard count >= 0 || errno == EINTR else { throw FileError(path, .write, code: errno) }
      position += max(count, 0)
    }
  }

  func replaceBeginning(with bytes: MemoryView<UInt8>) throws(FileError) {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw FileError(path, .write, code: errno) }
    try append(bytes)
  }

  func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path, .sync, code: errno) }
  }

  func close() throws(FileError) {
    guard Glibc.close(descriptor) == 0 else { throw FileError(path, .write, code: errno) }
  }
}
