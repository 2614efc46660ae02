public import Foundation

/// Runs the built `onlearn` binary, as a user would.
public struct OnlearnProcess: Sendable {
  /// The exit status, or the signal that ended it as 128 + number.
  public var status: Int32
  /// What it wrote to standard output.
  public var output: String
  /// What it wrote to standard error.
  public var errors: String

  /// The folder of the package.
  public static let packageFolder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The binary, built together with the tests.
  public static let path: String = {
    let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let candidates = [
      beside.path + "/onlearn", packageFolder + "/.build/release/onlearn", packageFolder + "/.build/debug/onlearn",
    ]
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
  }()

  /// Runs the binary with `arguments` in the package's folder and waits for its end.
  ///
  /// - Parameters:
  ///   - input: What it reads on standard input.
  ///   - started: Is told the running process, to send it signals.
  public static func run(
    _ arguments: [String], input: String = "", started: (Process) throws -> Void = { _ in }
  ) throws -> OnlearnProcess {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: packageFolder)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files instead of pipes: a process that writes much never waits for us.
    func file(_ name: String, _ contents: String = "") throws -> FileHandle {
      let url = folder.appendingPathComponent(name)
      try Data(contents.utf8).write(to: url)
      return try FileHandle(forUpdating: url)
    }
    process.standardInput = try file("in", input)
    process.standardOutput = try file("out")
    process.standardError = try file("err")
    try process.run()
    try started(process)
    process.waitUntilExit()
    func text(_ name: String) -> String {
      (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }
    let status =
      process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    return OnlearnProcess(status: status, output: text("out"), errors: text("err"))
  }

  /// The last line of the output.
  public var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
}
