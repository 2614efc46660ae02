import Foundation
import TestSupport

/// A server process that runs until it is asked to stop, or another one that is not waited for.
final class RunningServer {
  private let process = Process()
  private let log: String

  /// Starts `onlearn` with `arguments`, which writes its log to a file in `folder`.
  ///
  /// - Parameter command: A command that starts the one that follows.
  convenience init(_ arguments: [String], under command: [String] = [], log name: String, in folder: CommandFolder)
    throws
  {
    try self.init(command: command + [OnlearnProcess.path] + arguments, log: name, in: folder)
  }

  /// Starts any `command`.
  init(command: [String], log name: String, in folder: CommandFolder) throws {
    log = "\(folder.path)/\(name)"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: OnlearnProcess.packageFolder)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// What it has written so far.
  var text: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

  /// The text that follows `mark` up to the next space or line end, once it is there.
  func value(after mark: String) async throws -> String {
    for _ in 0..<1000 {
      if let range = text.range(of: mark) {
        let rest = text[range.upperBound...]
        if let end = rest.firstIndex(where: \.isWhitespace) { return String(rest[..<end]) }
      }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw MissingText(mark: mark, text: text)
  }

  /// The process's number.
  var id: Int32 { process.processIdentifier }

  /// The bytes of memory that it has.
  var residentByteCount: Int {
    get throws { try ProcessMemory.residentByteCount(of: id) }
  }

  /// Whether it still runs.
  var isRunning: Bool { process.isRunning }

  /// Waits for its end.
  ///
  /// - Returns: The exit status, 128 and the number of a signal that ended it; nil if it still runs after `time`.
  func end(within time: Duration) async throws -> Int32? {
    let end = ContinuousClock.now + time
    while process.isRunning {
      guard ContinuousClock.now < end else { return nil }
      try await Task.sleep(for: .milliseconds(5))
    }
    return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
  }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Sends `number` and waits for the end.
  ///
  /// - Returns: The exit status.
  func stop(_ number: Int32 = SIGTERM) -> Int32 {
    signal(number)
    return end()
  }

  /// Waits for the end.
  ///
  /// - Returns: The exit status.
  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A server did not write what was expected.
  struct MissingText: Error, CustomStringConvertible {
    let mark: String
    let text: String
    var description: String { "no '\(mark)' in:\n\(text)" }
  }
}
