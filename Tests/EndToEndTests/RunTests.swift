import Foundation
import TestSupport
import Testing

@Suite struct `The run command` {
  private let folder: CommandFolder

  /// Arguments that are wrong, and the status they are refused with.
  private static let refusals: [([String], Int32)] = [
    (["--fetch", "nothing"], 65), (["--fetch", "loss", "--fetch", "loss:0"], 64), ([], 64),
    (["--fetch", "loss", "--feed", "input_x"], 64), (["--fetch", "loss", "--feed", "w1=nowhere.npy"], 66),
    (["--fetch", "loss", "--feed", "w1=README.md"], 65), (["--fetch", "loss", "--train-steps", "-1"], 64),
    (["--fetch", "loss", "--feed", "w1=Tests/Fixtures/mlp_small/w2.npy"], 65),
    (["--fetch", "loss", "--feed", "nothing=Tests/Fixtures/mlp_small/w2.npy"], 65),
    (["--fetch", "loss", "--feed", "logits=Tests/Fixtures/mlp_small/logits.npy"], 65),
    (["--fetch", "loss", "--graph", "nowhere.pb"], 66), (["--fetch", "loss", "--graph", "README.md"], 65),
    (["--fetch", "loss", "--train-steps", "9", "--learning-rate", "1e30"], 65),
    (["--fetch", "loss", "--output", "/proc/nowhere"], 73), (["--fetch", "loss", "--output", "README.md/out"], 73),
  ]

  private struct Result: Decodable {
    struct Fetch: Decodable {
      var name: String
      var file: String
      var dtype: String
      var shape: [Int]
    }
    var losses: [Double]
    var fetches: [Fetch]
  }

  init() throws { folder = try CommandFolder() }

  private func run(_ arguments: [String]) throws -> OnlearnProcess {
    let output = arguments.contains("--output") ? [] : ["--output", folder.path + "/out"]
    return try OnlearnProcess.run(
      [
        "run", CommandFolder.model, "--feed", "input_x=\(CommandFolder.fixture)/x.npy", "--feed",
        "input_y=\(CommandFolder.fixture)/y.npy",
      ] + output + arguments)
  }

  @Test func `trains, fetches, and writes arrays that can be fed again`() throws {
    let first = try run(["--train-steps", "3", "--fetch", "w1", "--fetch", "d-w2", "--fetch", "loss", "--json"])
    #expect(first.status == 0, "\(first.errors)")
    let result = try JSONDecoder().decode(Result.self, from: Data(first.output.utf8))
    #expect(result.losses.count == 3 && result.losses[0] > result.losses[2])
    #expect(result.fetches.map(\.name) == ["w1", "d-w2", "loss"])
    #expect(result.fetches.map(\.shape) == [[20, 16], [16, 5], []])
    #expect(result.fetches.allSatisfy { $0.dtype == "float32" && FileManager.default.fileExists(atPath: $0.file) })
    let second = try run(["--feed", "w1=\(result.fetches[0].file)", "--fetch", "logits"])
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output == "logits: float32[256, 5] in \(folder.path)/out/logits.npy\n")
  }

  @Test(arguments: refusals)
  func `refuses what is wrong with a clear sentence and a status of its own`(
    _ arguments: [String], _ status: Int32
  ) throws {
    let refused = try run(arguments)
    #expect(refused.status == status, "\(refused.errors)")
    #expect(!refused.errors.isEmpty && !refused.errors.contains("Fatal error"))
  }

  @Test func `reports a full disk`() throws {
    let out = folder.path + "/full"
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: out + "/loss.npy", withDestinationPath: "/dev/full")
    let refused = try run(["--fetch", "loss", "--output", out])
    #expect(refused.status == 74, "\(refused.errors)")
  }

  @Test(arguments: ["run", "check", "inspect"]) func `and its neighbours show an example`(_ command: String) throws {
    let help = try OnlearnProcess.run([command, "--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("Example: onlearn \(command) "))
  }
}
