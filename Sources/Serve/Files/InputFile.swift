import Glibc

/// Bytes to read: a file, standard input, or an array.
package final class InputFile {
  /// The path, or what the input is called in messages.
  package let name: String
  /// How many bytes there are, where that is known before reading.
  package let byteCount: Int?

  private let descriptor: Int32
  private let closes: Bool
  private let stop: StopRequest?
  private var memory: [UInt8] = []
  private var memoryOffset = 0

  /// Opens the file at `path`; `hint` says how to get it if it is missing.
  package init(path: String, hint: String = "") throws(DataError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DataError(path, .unreadable(systemMessage(errno), hint: hint)) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw DataError(path, .unreadable(systemMessage(code), hint: hint))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw DataError(path, .unreadable("it is a folder", hint: hint))
    }
    name = path
    byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    self.descriptor = descriptor
    closes = true
    stop = nil
  }

  /// Reads what is already in memory.
  package init(bytes: [UInt8], name: String) {
    self.name = name
    byteCount = bytes.count
    descriptor = -1
    closes = false
    stop = nil
    memory = bytes
  }

  private init(standardInputUntil stop: StopRequest?) {
    name = "standard input"
    byteCount = nil
    descriptor = STDIN_FILENO
    closes = false
    self.stop = stop
  }

  /// Standard input, which ends early when `stop` is requested.
  package static func standardInput(until stop: StopRequest?) -> InputFile {
    InputFile(standardInputUntil: stop)
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// Reads up to `bytes.count` bytes; 0 at the end.
  @unsafe package func read(into bytes: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    // Safety: never writes more than `bytes.count` bytes to `bytes`.
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    guard descriptor >= 0 else {
      let count = min(bytes.count, memory.count - memoryOffset)
      let range = memoryOffset..<memoryOffset + count
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[0..<count]).copyBytes(from: memory[range])
      memoryOffset += count
      return count
    }
    while true {
      guard waitForInput() else { return 0 }
      let count = unsafe Glibc.read(descriptor, base, bytes.count)
      if count >= 0 { return count }
      guard errno == EINTR || errno == EAGAIN else {
        throw DataError(name, .inputOutput("reading failed: \(systemMessage(errno))"))
      }
    }
  }

  /// True if a read would not wait.
  package var isReady: Bool {
    guard descriptor >= 0 else { return true }
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&state, 1, 0) > 0
  }

  /// Waits until something can be read; false once a stop is requested.
  private func waitForInput() -> Bool {
    guard let stop else { return true }
    while !stop.isRequested {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if unsafe poll(&wait, 1, 100) > 0 { return true }
    }
    return false
  }
}

/// The system's text for an error number.
package func systemMessage(_ code: Int32) -> String {
  unsafe String(cString: strerror(code))
}
