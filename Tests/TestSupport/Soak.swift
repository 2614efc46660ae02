import Foundation

/// How long tests run: `make soak` sets SOAK and takes hours.
public enum Soak {
  /// Whether there are hours.
  public static let isOn = ProcessInfo.processInfo.environment["SOAK"] != nil

  /// How much of something a test does.
  public static func volume(_ short: Int, soak: Int) -> Int { isOn ? soak : short }

  /// What `body` returns, on a thread of its own: whoever waits for a server keeps a thread waiting.
  public static func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}
