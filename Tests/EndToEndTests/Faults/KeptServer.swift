import Foundation
import PS
import TestSupport
import Transport
import Wire

/// A parameter server process with a data folder, which is started again and again at one address.
final class KeptServer {
  private let folder: CommandFolder
  private let arguments: [String]
  private var process: RunningServer?
  private var starts = 0

  /// Where it keeps what it learns.
  let data: String
  /// Where it listens, once it was started.
  private(set) var address = Address.tcp(host: "127.0.0.1", port: 0)

  /// A server with further `arguments`, that logs and, without `data`, keeps everything in `folder`.
  init(_ arguments: [String] = [], data: String? = nil, in folder: CommandFolder) {
    self.folder = folder
    self.data = data ?? "\(folder.path)/store"
    self.arguments = arguments
  }

  /// Starts it, under another command if there is one, without waiting for it.
  @discardableResult
  func launch(under command: [String] = []) throws -> RunningServer {
    starts += 1
    let server = try RunningServer(
      ["ps", "--listen", "\(address)", "--data", data] + arguments, under: command, log: "server-\(starts).log",
      in: folder)
    process = server
    return server
  }

  /// Starts it and waits until it listens.
  func start(under command: [String] = []) async throws {
    let text = try await launch(under: command).value(after: "listens at ")
    address = try Address(text)
  }

  /// Ends it with `signal`.
  ///
  /// - Returns: The exit status.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) -> Int32 { process?.stop(signal) ?? 0 }

  /// Kills it, starts it again, and checks that it has what `workers` were told.
  func dieAndReturn(checking workers: CountingWorkers) async throws {
    stop(SIGKILL)
    let acknowledged = workers.now
    try await start()
    try await workers.check(since: acknowledged)
  }

  /// The running process.
  var running: RunningServer { process! }

  /// A figure of its statistics.
  func figure(_ name: String) async throws -> Double? {
    let address = address
    return try await Soak.onThread {
      try Cluster.statistics(of: address, options: CountingWorkers.options).first { $0.name == name }?.value
    }
  }

  /// Lets the server at `address` write a snapshot and waits for it.
  @discardableResult
  static func snapshot(at address: Address, patience: Duration = .seconds(30)) async throws -> SnapshotReply {
    try await Soak.onThread {
      var options = CountingWorkers.options
      options.role = .admin
      options.patience.total = patience
      return try Cluster.snapshot(of: address, waits: true, options: options)
    }
  }
}
