import Glibc

/// Why the bytes of a file cannot be had.
struct FileReadError: Error, Hashable, Sendable {
  /// What was found instead of a file's bytes.
  var found: String

  /// What kind of fault this is.
  var category: InputErrorCategory

  /// Whether a folder was found.
  var isDirectory = false
}

/// Reads whole files, of which nothing is known but the name.
enum FileContents {
  /// The bytes of the file at `path`, of which there are at most `byteLimit`.
  ///
  /// Pipes are read to their end; a file without an end is given up at the limit.
  static func read(_ path: String, byteLimit: Int) throws(FileReadError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReadError(found: reason(errno), category: .noInput) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileReadError(found: reason(errno), category: .io) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw FileReadError(found: "a folder", category: .data, isDirectory: true)
    }
    let tooLarge = FileReadError(found: "a file of more than \(byteLimit) bytes", category: .data)
    guard status.st_size <= byteLimit else { throw tooLarge }

    var bytes: [UInt8] = []
    var chunkSize = max(Int(status.st_size), 1 << 16)
    while true {
      // One byte beyond the size, so that the end of a plain file is seen without growing the array.
      let chunk = try chunk(of: descriptor, byteCount: chunkSize + 1)
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
      guard bytes.count <= byteLimit else { throw tooLarge }
      if chunk.count <= chunkSize { return bytes }
      chunkSize = 1 << 20
    }
  }

  /// The next `byteCount` bytes of the file, fewer only at its end.
  private static func chunk(of descriptor: Int32, byteCount: Int) throws(FileReadError) -> [UInt8] {
    var failure: Int32?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      // Safety: the kernel writes at most the bytes that are left in the buffer, and `count` says how many it wrote.
      while count < byteCount {
        let got = unsafe Glibc.read(descriptor, buffer.baseAddress! + count, byteCount - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        count += got
      }
    }
    if let failure { throw FileReadError(found: reason(failure), category: .io) }
    return bytes
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "no such file"
    case EACCES, EPERM: "a file that may not be read"
    default: unsafe "an error of the system: " + String(cString: strerror(code))
    }
  }
}
