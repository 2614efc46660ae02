/// Lets a system call of a process fail, or be its last, with the help of strace.
enum SystemCallFault {
  /// Whether strace is there and may trace.
  static let isPossible = HelperCommand.succeeds(command("fdatasync", "error=EIO", at: 1) + ["true"])

  /// Why a test is not run.
  static let reason = "needs strace, and the right to trace"

  /// A command that starts the one behind it, in which of the calls of any thread to `call` number `number` has `fault`.
  static func command(_ call: String, _ fault: String, at number: Int) -> [String] {
    // The tracer is no parent of the process, which so has our signals and our number.
    [
      "/usr/bin/env", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
      "inject=\(call):\(fault):when=\(number)",
    ]
  }
}
