import Glibc

/// The standard streams.
enum Output {
  /// Writes `text` to standard output.
  static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes `text` and a newline to standard error.
  static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The width of the terminal, in characters.
  static var columns: Int {
    var size = winsize()
    // Safety: the system fills the structure it is given.
    let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  private static func write(_ text: String, to file: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // Safety: the buffer is valid for the call.
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      if written < 0 {
        // A reader that went away ends the command quietly, as `head` expects; a full disk does not.
        if errno == EINTR { continue }
        exit(errno == EPIPE ? 0 : 74)
      }
      rest = rest.dropFirst(written)
    }
  }
}
