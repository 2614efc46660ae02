package import Kernels
import Glibc

/// What is open to be read: a file, a folder by mistake, or bytes that come one after another.
package final class ReadableFile: Sendable {
  // Safety: the calls of the system take the path as a string that lives as long as the call, fill structures of ours,
  // and write no more bytes than they are lent; the descriptor is open as long as the object lives.

  /// What there may be behind a name.
  package enum Kind: Hashable, Sendable {
    /// A file that had so many bytes when it was opened, of which any part can be read.
    case regular(byteCount: Int)
    /// A folder, of which nothing can be read.
    case folder
    /// A pipe, a device or the like.
    case other
  }

  /// Its name, for messages.
  package let path: String
  /// What it is.
  package let kind: Kind

  private let descriptor: Int32
  private let closes: Bool

  /// Standard input.
  package static let standardInput = ReadableFile("standard input", .other, STDIN_FILENO, closes: false)

  private init(_ path: String, _ kind: Kind, _ descriptor: Int32, closes: Bool) {
    self.path = path
    self.kind = kind
    self.descriptor = descriptor
    self.closes = closes
  }

  /// Opens what is at `path`.
  package convenience init(_ path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, .open, code: errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw FileError(path, .read, code: code)
    }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular(byteCount: Int(status.st_size))
      case S_IFDIR: .folder
      default: .other
      }
    self.init(path, kind, descriptor, closes: true)
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// The number of bytes, where it is known before they are read.
  package var byteCount: Int? {
    if case .regular(let byteCount) = kind { byteCount } else { nil }
  }

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

  /// Reads the next bytes, as many as are at hand and `bytes` has room for.
  ///
  /// - Returns: How many came, 0 at the end, or nil if reading was interrupted and is to be tried again.
  @unsafe package func read(into bytes: UnsafeMutableRawBufferPointer) throws(FileError) -> Int? {
    let count = unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
    guard count < 0 else { return count }
    guard errno == EINTR || errno == EAGAIN else { throw FileError(path, .read, code: errno) }
    return nil
  }

  /// Whether a read would not wait, now or within some milliseconds.
  package func isReady(within milliseconds: Int32 = 0) -> Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&state, 1, milliseconds) > 0
  }

  /// The bytes from here to the end; nil if there are more than `byteLimit`.
  ///
  /// Pipes are read to their end; one without an end is given up at the limit.
  package func contents(upTo byteLimit: Int) throws(FileError) -> [UInt8]? {
    guard byteCount ?? 0 <= byteLimit else { return nil }
    var bytes: [UInt8] = []
    var chunkSize = max(byteCount ?? 0, 1 << 16)
    while true {
      // One byte beyond the size, so that the end of a plain file is seen without growing the array.
      let chunk = try nextBytes(chunkSize + 1)
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
      guard bytes.count <= byteLimit else { return nil }
      if chunk.count <= chunkSize { return bytes }
      chunkSize = 1 << 20
    }
  }

  /// The next `byteCount` bytes, fewer only at the end.
  private func nextBytes(_ byteCount: Int) throws(FileError) -> [UInt8] {
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
    if let failure { throw FileError(path, .read, code: failure) }
    return bytes
  }
}
