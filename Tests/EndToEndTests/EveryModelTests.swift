import Foundation
import Serve
import TestSupport
import Testing

/// Every model of the package on one train server, each trained by a client of its own, while another one scores them.
@Suite struct `A train server with all models` {
  private static let images: Set = ["mlp", "lenet", "vgg"]
  private static let isPossible = FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")

  /// Other tests have deadlines, and go first.
  private static let politely = ["/usr/bin/nice", "-n", "10"]

  private let folder: CommandFolder
  private let names: [String]

  init() throws {
    folder = try CommandFolder()
    names = try ModelFolder("\(OnlearnProcess.packageFolder)/Models").names
  }

  private static func source(of model: String) -> String { images.contains(model) ? "fashion-mnist" : "synthetic:ctr" }

  @Test(.enabled(if: isPossible, "the images are not installed"), .timeLimit(.minutes(10)))
  func `trains and scores them at the same time, and its memory does not grow`() async throws {
    let time = Duration.seconds(Soak.volume(4, soak: 60))
    let server = try RunningServer(
      ["serve", "--models", "Models", "--listen", "127.0.0.1:0", "--http", "none"]
        + names.flatMap { ["--load", $0] }, under: Self.politely, log: "serve.log", in: folder)
    let address = try await server.value(after: "olp=")
    _ = try await server.value(after: "ready ")
    let clients = try names.map { name in
      try RunningServer(
        [
          "train", "-m", name, "--server", address, "--data", Self.source(of: name), "--batch", "64", "--json",
        ] + (Self.images.contains(name) ? ["--epochs", "1000"] : []), under: Self.politely, log: "\(name).log",
        in: folder)
    }
    let start = ContinuousClock.now
    var (scores, sizes): (Int, [Int]) = (0, [])
    while ContinuousClock.now - start < time {
      for name in names {
        let scored = try await Soak.onThread {
          try OnlearnProcess.run([
            "score", "-m", name, "--server", address, "--data", Self.source(of: name), "--limit", "256",
          ])
        }
        #expect(scored.status == 0, "\(scored.errors)")
        scores += 256
      }
      sizes.append(try server.residentByteCount)
    }
    for client in clients { #expect(client.stop(SIGINT) == 0, "\(client.text)") }
    let steps = clients.map { client in client.text.split(separator: "\n").count { $0.contains("\"step\"") } }
    #expect(steps.allSatisfy { $0 > 0 })
    #expect(server.stop() == 0)
    // The first third brings buffers to their size.
    let growth = sizes.last! - sizes[sizes.count / 3]
    print(
      "\(names.count) models for \(time): \(scores) examples scored, \(growth >> 20) MiB more in the last two thirds")
    if Soak.isOn { #expect(growth < 32 << 20, "\(sizes.map { $0 >> 20 }) MiB") }
  }
}
