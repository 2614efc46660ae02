import Kernels
import Glibc

/// The file system of this machine.
package struct SystemFiles: FileSystem {
  // Safety: the calls of the system take paths as strings that live as long as the call, and fill structures of ours.

  package init() {}

  package func create(_ path: String, inPlaceOf old: String) throws(FileError) -> any FileWriter {
    SystemFileWriter(path: path, descriptor: try Self.create(path, inPlaceOf: old, otherwise: 0o644))
  }

  /// Creates a file as ``create(_:inPlaceOf:)`` does, with `otherwise` as its permissions where there is no old one.
  ///
  /// - Returns: The number of the open file.
  package static func create(
    _ path: String, inPlaceOf old: String, otherwise: UInt32
  ) throws(FileError) -> Int32 {
    // One that was left may have permissions with which it cannot be written.
    unsafe unlink(path)
    let permissions = permissions(ofFile: old)
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions ?? otherwise)
    guard descriptor >= 0 else { throw FileError(path, .create, code: errno) }
    // The process's mask may have left some out.
    if let permissions, fchmod(descriptor, permissions) != 0 {
      let code = errno
      _ = Glibc.close(descriptor)
      unsafe unlink(path)
      throw FileError(path, .create, code: code)
    }
    return descriptor
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

  /// The error for something at `path` that has a file's place but is none.
  package static func notAFile(_ path: String) -> FileError {
    var error = FileError(path, .create, code: EEXIST)
    error.reason = "what is there is no regular file"
    return error
  }

  /// What is at a path.
  package enum Kind { case nothing, file, other }

  /// What is where the symbolic links at `path` end.
  ///
  /// A link that ``resolved(_:)`` leaves is no file: one that takes its name would take its place.
  package static func kind(_ path: String) -> Kind {
    var status = stat()
    guard unsafe lstat(resolved(path), &status) == 0 else { return .nothing }
    return status.st_mode & S_IFMT == S_IFREG ? .file : .other
  }

  /// Who may read, write and run the file at `path`, as bits; nil if there is none.
  package static func permissions(ofFile path: String) -> UInt32? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }

  /// The path at which the symbolic links at `path` end, where there may be nothing yet.
  ///
  /// A link to what has no path, such as a pipe, stays as it is.
  package static func resolved(_ path: String) -> String {
    var path = path
    // The system follows no more links than that either.
    for _ in 0..<40 {
      // Safety: realpath gives a string of its own, which is freed after it was copied.
      if let resolved = unsafe realpath(path, nil) {
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
      }
      guard unsafe access(path, F_OK) != 0, let next = target(ofLink: path) else { break }
      path = next.hasPrefix("/") ? next : folder(of: path) + "/" + next
    }
    return path
  }

  /// What the symbolic link at `path` says, or nil if there is none.
  private static func target(ofLink path: String) -> String? {
    var text = [CChar](repeating: 0, count: 4096)
    let count = unsafe text.withUnsafeMutableBufferPointer { buffer in
      // Safety: the array has elements, and no more are written than it has.
      unsafe readlink(path, buffer.baseAddress!, buffer.count)
    }
    guard count > 0 else { return nil }
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
