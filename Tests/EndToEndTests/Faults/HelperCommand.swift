import Foundation

/// Commands of the system that tests need beside our own.
enum HelperCommand {
  /// Runs `command`, a program's path and its arguments, and says whether it ended well; what it writes is not shown.
  static func succeeds(_ command: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
