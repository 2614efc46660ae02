import Foundation
import TestSupport
import Testing

@Suite struct `The dashboard in a browser` {
  private static let isPossible =
    ["/usr/bin/chromium", "/usr/bin/python3", "/usr/share/datasets/fashion-mnist"].allSatisfy {
      FileManager.default.fileExists(atPath: $0)
    }

  @Test(.enabled(if: isPossible, "Chromium, Python or the images are not installed"), .timeLimit(.minutes(3)))
  func `shows numbers and curves in light and dark, on a phone and without JavaScript`() async throws {
    let script = Process()
    script.executableURL = URL(fileURLWithPath: "\(OnlearnProcess.packageFolder)/Scripts/show-dashboard")
    script.arguments = [OnlearnProcess.path]
    script.currentDirectoryURL = URL(fileURLWithPath: OnlearnProcess.packageFolder)
    let output = Pipe()
    script.standardOutput = output
    script.standardError = output
    try script.run()
    let text = try await Soak.onThread { try output.fileHandleForReading.readToEnd() ?? Data() }
    script.waitUntilExit()
    #expect(script.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
  }
}
