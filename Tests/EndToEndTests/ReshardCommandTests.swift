import Foundation
import TestSupport
import Testing

/// Parameters that are moved between numbers of servers in the middle of a training, by the commands.
@Suite struct `The commands ps reshard and ps drain` {
  private let folder: CommandFolder
  private let data: String

  init() throws {
    folder = try CommandFolder()
    data = try folder.examples(640)
  }

  /// Starts a server for each of `folders`.
  private func start(_ folders: [String]) async throws -> (servers: [RunningServer], addresses: String) {
    var (servers, addresses): ([RunningServer], [String]) = ([], [])
    for (shard, data) in folders.enumerated() {
      let server = try RunningServer(
        ["ps", "--listen", "127.0.0.1:0", "-s", "\(folders.count)", "--shard", "\(shard)", "--data", path(data)],
        log: data.replacing("/", with: "-") + ".log", in: folder)
      addresses.append(try await server.value(after: "listens at "))
      servers.append(server)
    }
    return (servers, addresses.joined(separator: ","))
  }

  private func stop(_ servers: [RunningServer]) {
    for server in servers { #expect(server.stop() == 0, "\(server.text)") }
  }

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  /// Runs a command that succeeds, and gives what it says.
  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let process = try OnlearnProcess.run(arguments)
    #expect(process.status == 0, "\(arguments) \(process.output) \(process.errors)")
    return process.output
  }

  private func train(_ addresses: String) throws {
    try run([
      "train", CommandFolder.model, "--data", data, "--store", "ps:\(addresses)", "--batch", "32", "--steps", "10",
      "--optimizer", "adagrad", "--threads", "1",
    ])
  }

  private func scores(_ addresses: String) throws -> String {
    try run(["score", CommandFolder.model, "--data", data, "--store", "ps:\(addresses)", "--limit", "64", "--json"])
  }

  private func reshard(_ folders: [String], to count: Int, into target: String) throws {
    try run(["ps", "reshard", "--from"] + folders.map(path) + ["--to", "\(count)", "--into", path(target)])
  }

  @Test func `let a training go on, with the same scores`() async throws {
    let (first, address) = try await start(["one"])
    try train(address)
    stop(first)
    try FileManager.default.copyItem(atPath: path("one"), toPath: path("copy"))
    let (unmoved, unmovedAddress) = try await start(["copy"])
    try train(unmovedAddress)
    let expected = try scores(unmovedAddress)
    stop(unmoved)

    try reshard(["one"], to: 3, into: "three")
    let (three, addresses) = try await start(["three/0", "three/1", "three/2"])
    try train(addresses)
    #expect(try scores(addresses) == expected)
    let servers = addresses.split(separator: ",").map(String.init)
    try run(["ps", "drain"] + servers)
    stop(three)
    try reshard(["three/2", "three/0", "three/1"], to: 2, into: "two")
    let (two, pair) = try await start(["two/0", "two/1"])
    #expect(try scores(pair) == expected)
    stop(two)
    let refused = try OnlearnProcess.run(["ps", "reshard", "--from", path("two/0"), "--to", "1", "--into", path("x")])
    #expect(refused.status == 66 && refused.errors.contains("shard 0 of 2"))
  }
}
