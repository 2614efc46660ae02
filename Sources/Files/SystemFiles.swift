import Glibc

/// The file system of this machine.
package struct SystemFiles: FileSystem {
  // Safety: the calls of the system take paths as strings that live as long as the call, and fill structures of ours.

  package init() {}

  /// The most files that are written at the same time to take the place of one.
  private static let mostReplacements = 100

  /// The file is called as the other one with `.partial` behind it, or `.2.partial` and so on while others are written.
  package func createReplacement(
    ofFileAt path: String, permissions: UInt32
  ) throws(FileError) -> any FileReplacement {
    let kept = Self.permissions(ofFile: path)
    for number in 1...Self.mostReplacements {
      let name = path + (number == 1 ? ".partial" : ".\(number).partial")
      if let file = try FileLock.create(name, permissions: kept ?? permissions) {
        return try SystemFileWriter(file, at: name, replacing: path, permissions: kept)
      }
    }
    throw FileError(path, .create, code: EBUSY)
  }

  /// Opens what is at `path` and is no regular file, such as a pipe, to write it as it is.
  package static func writer(inPlaceAt path: String) throws(FileError) -> any FileWriter {
    // Only a file without a name has something to cut off: what `/dev/stdout` is where a program made one for it.
    let descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, .create, code: errno) }
    return SystemFileWriter(descriptor, at: path)
  }

  package func syncFolder(of path: String) throws(FileError) {
    let folder = Self.folder(of: path)
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(folder, .open, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(folder, .sync, code: errno) }
  }

  package func lock(_ path: String) throws(FileError) -> FileLock? { try FileLock.take(path) }

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
}
