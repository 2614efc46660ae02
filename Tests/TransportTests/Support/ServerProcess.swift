import Foundation
import TestSupport
import Transport

/// A parameter server in a process of its own, so that its memory is nobody else's.
final class ServerProcess {
  /// Where it listens.
  let address: Address
  private let process = Process()

  init() async throws {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString).log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    process.executableURL = URL(fileURLWithPath: OnlearnProcess.path)
    process.arguments = ["ps", "--listen", "127.0.0.1:0"]
    process.standardOutput = try FileHandle(forWritingTo: log)
    try process.run()
    while true {
      let text = try String(contentsOf: log, encoding: .utf8)
      if let mark = text.range(of: "listens at "), let end = text[mark.upperBound...].firstIndex(where: \.isWhitespace)
      {
        address = try Address(String(text[mark.upperBound..<end]))
        break
      }
      guard process.isRunning else { throw Ended(text: text) }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  deinit { kill(process.processIdentifier, SIGKILL) }

  private struct Ended: Error { let text: String }

  /// The bytes of memory that it has.
  var residentByteCount: Int {
    get throws { try ProcessMemory.residentByteCount(of: process.processIdentifier) }
  }

  /// Asks it to end, and waits for it.
  ///
  /// - Returns: The exit status.
  func stop() -> Int32 {
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    return process.terminationStatus
  }
}
