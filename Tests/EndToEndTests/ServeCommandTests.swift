import Foundation
import NIOCore
import TestSupport
import Testing
import Transport

@Suite struct `The command serve` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func start(_ arguments: [String] = [], log: String = "serve.log") throws -> RunningServer {
    try RunningServer(
      ["serve", "--models", CommandFolder.fixture, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"] + arguments,
      log: log, in: folder)
  }

  private static func train(
    _ address: String, on data: String, steps: Int, _ more: [String] = []
  ) throws -> OnlearnProcess {
    try OnlearnProcess.run(
      [
        "train", "-m", "mlp_small", "--server", address, "--data", data, "--batch", "32", "--steps", "\(steps)",
        "--json",
      ] + more)
  }

  private func number(_ name: String, in line: String) -> Double? {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    return object?[name] as? Double
  }

  @Test func `learns from two clients at once, saves when it is stopped, and goes on where it stopped`() async throws {
    let data = try folder.examples(320)
    let store = ["--store", "file:\(folder.path)/parameters", "-n", "2"]
    var server = try start(store)
    var address = try await server.value(after: "olp=")
    let (one, two) = try await withThrowingTaskGroup(of: OnlearnProcess.self) { [address, data] group in
      for _ in 0..<2 {
        group.addTask {
          try await Soak.onThread { try Self.train(address, on: data, steps: 40, ["--connections", "2"]) }
        }
      }
      return (try await group.next()!, try await group.next()!)
    }
    #expect(one.status == 0 && two.status == 0, "\(one.errors)\(two.errors)")
    #expect(max(number("version", in: one.lastLine) ?? 0, number("version", in: two.lastLine) ?? 0) == 80)
    let before = try #require(number("loss", in: one.lastLine))
    #expect(server.stop() == 0)
    #expect(server.text.contains(" info stopped"))

    server = try start(store, log: "again.log")
    address = try await server.value(after: "olp=")
    let more = try Self.train(address, on: data, steps: 40)
    #expect(number("version", in: more.lastLine) == 120)
    #expect(try #require(number("loss", in: more.lastLine)) < before)
    let scores = try OnlearnProcess.run(["score", "-m", "mlp_small", "--server", address, "--data", data])
    #expect(scores.output.split(separator: "\n").count == 321)
    #expect(scores.lastLine.hasPrefix("320 examples: accuracy"))
    #expect(server.stop() == 0)
  }

  @Test func `is gone on with by a client that resumes, and learns from no example twice`() async throws {
    let server = try start()
    let address = try await server.value(after: "olp=")
    let data = try folder.examples(320)
    for (steps, version) in [(5, 5.0), (8, 8.0), (8, 8.0)] {
      let trained = try Self.train(address, on: data, steps: steps, ["--resume"])
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(number("version", in: trained.lastLine) == version)
      #expect(number("examples", in: trained.lastLine) == 32 * version)
    }
    #expect(server.stop() == 0)
  }

  @Test(arguments: [
    ["--store", "memory"], ["--init", "graph"], ["--metrics", "before"], ["--tile", "8"], ["--threads", "1"],
    ["--save-every", "5"], ["--learning-rate", "0.1"], ["--optimizer", "sgd"], ["--consistency", "asp"],
    ["--workers", "2"], ["--rank", "0"], ["--connections", "2", "--resume"],
  ])
  func `is not told by clients how to train: they refuse such options`(_ options: [String]) throws {
    let refused = try Self.train("127.0.0.1:1", on: "synthetic:ctr", steps: 1, ["--timeout", "1"] + options)
    #expect(refused.status == 64 && refused.errors.contains(options[0]), "\(refused.errors)")
  }

  @Test func `ends with the status of a failed disk if it cannot save`() async throws {
    let server = try start(["--store", "file:\(folder.path)/parameters", "--save-every", "0"])
    let address = try await server.value(after: "olp=")
    #expect(try Self.train(address, on: folder.examples(320), steps: 4).status == 0)
    try FileManager.default.removeItem(atPath: "\(folder.path)/parameters")
    #expect(server.stop() == 74, "\(server.text)")
    #expect(server.text.contains(" error not saved: "))
  }

  @Test func `serves on, and saves, when its log cannot be written`() throws {
    let address = "unix:\(folder.path)/socket"
    let server = try RunningServer(
      command: [
        "/bin/sh", "-c", "exec \"$0\" \"$@\" 2> /dev/full", OnlearnProcess.path, "serve", "--models",
        CommandFolder.fixture, "--store", "file:\(folder.path)/parameters", "--listen", address, "--http", "none",
      ], log: "serve.log", in: folder)
    let trained = try Self.train(address, on: folder.examples(320), steps: 4, ["--timeout", "10"])
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(server.stop() == 0)
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/parameters/mlp_small.safetensors"))
  }

  @Test func `reloads when it is hung up, and is stopped by an interrupt`() async throws {
    let server = try start(["--load", "mlp_small", "--log-format", "json"])
    _ = try await server.value(after: "\"message\": \"ready\"")
    server.signal(SIGHUP)
    _ = try await server.value(after: "\"message\": \"reloaded\"")
    #expect(server.stop(SIGINT) == 0)
  }

  @Test func `ends at once when it is told to stop twice`() async throws {
    let server = try start()
    let address = try Address(await server.value(after: "http="))
    var client = try await RawClient(to: address)
    // The server waits for the rest of a request that has begun.
    client.send(
      Array(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n".utf8))
    let answer = try #require(await client.piece())
    #expect(String(buffer: answer).contains(" 100 "))
    server.signal(SIGTERM)
    while let other = try? await RawClient(to: address) { other.close() }
    #expect(server.isRunning)
    server.signal(SIGINT)
    #expect(try await server.end(within: .seconds(5)) == 128 + SIGINT)
  }

  @Test(arguments: [
    (["--store", "tape:1"], "no store 'tape:1'"), (["--listen", "nowhere"], "--listen"),
    (["--listen", "0.0.0.0:0"], "name a key file"), (["--http", "0.0.0.0:0"], "--http-token-file"),
    (["-n", "0"], "-n must be"), (["-p", "xx"], "-p takes io or ps"),
    (["--save-every", "1e30"], "--save-every must"), (["--queue", "1000001", "--store", "x"], "--queue must"),
    (["--deadline", "86400001", "--store", "x"], "--deadline must"),
    (["--max-staleness", "86400001", "--store", "x"], "--max-staleness must"),
  ])
  func `refuses options that cannot be, as usage`(_ options: [String], _ problem: String) throws {
    let process = try OnlearnProcess.run(["serve", "--models", CommandFolder.fixture, "--http", "none"] + options)
    #expect(process.status == 64)
    #expect(process.errors.contains(problem), "\(process.errors)")
  }

  @Test func `clients say that nobody is there, or that there is no such model`() async throws {
    let nobody = try OnlearnProcess.run(["score", "-m", "x", "--server", "nowhere", "--data", folder.examples(320)])
    #expect(nobody.status == 64 && nobody.errors.contains("no port"))
    let server = try start()
    let address = try await server.value(after: "olp=")
    let unknown = try OnlearnProcess.run(["score", "-m", "nobody", "--server", address, "--data", folder.examples(320)])
    #expect(unknown.status == 66 && unknown.errors.contains("there is no model 'nobody'"))
    #expect(server.stop() == 0)
  }
}
