import Glibc

/// The standard streams.
enum Output {
  /// Writes `text` to standard output, or ends the process.
  static func write(_ text: String) {
    if let problem = failure(writing: text) { end(after: problem) }
  }

  /// Writes `text` to standard output, waiting for its reader where there is one.
  ///
  /// - Returns: The number of the error that kept it from being written.
  static func failure(writing text: String) -> Int32? { write(text, to: STDOUT_FILENO, waits: true) }

  /// Ends the process after standard output failed with error number `problem`: quietly if its reader went away, as
  /// `head` expects; not so if a disk is full.
  static func end(after problem: Int32) -> Never { exit(problem == EPIPE ? 0 : 74) }

  /// Writes `text` and a newline to standard error. What cannot be written is dropped: nothing that was learned may be
  /// lost because nobody reads a log.
  static func error(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO, waits: false) }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The width of the terminal, in characters.
  static var columns: Int {
    var size = winsize()
    // Safety: the system fills the structure it is given.
    let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  private static func write(_ text: String, to file: Int32, waits: Bool) -> Int32? {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // Safety: the buffer is valid for the call.
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      if written >= 0 {
        rest = rest.dropFirst(written)
        continue
      }
      let problem = errno
      switch problem {
      case EINTR: continue
      case EAGAIN where waits:
        var ready = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        // Safety: the system fills the structure it is given.
        _ = unsafe poll(&ready, 1, -1)
      default: return problem
      }
    }
    return nil
  }
}
