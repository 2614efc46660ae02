import Foundation
import Serve
import TestSupport
import Testing

@Suite struct `The bench command` {
  private static let names = (try? ModelFolder(OnlearnProcess.packageFolder + "/Models").names) ?? []
  /// Models whose step of many examples takes long.
  private static let heavy: Set = ["dcn", "ffm", "lenet", "vgg"]

  private struct Step: Decodable {
    var batch: Int
    var lanes: Int
    var allocationsPerStep: Double
    var loss: Double
    var rowsTouched: Int
    var bytesTouched: Int
    var blasCore: String
  }

  private func step(_ arguments: String...) throws -> Step {
    let process = try OnlearnProcess.run(["bench", "step"] + arguments + ["--json"])
    try #require(process.status == 0, "\(process.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Step.self, from: Data(process.output.utf8))
  }

  @Test(arguments: names) func `sees no allocation in any step of a bundled model`(_ name: String) throws {
    for batch in [1, Self.heavy.contains(name) ? 64 : 1024] {
      let found = try step("Models/\(name).json", "--batch", "\(batch)", "--steps", "3", "--threads", "2")
      // Without the optimizer, generic code allocates.
      #if !DEBUG
        #expect(found.allocationsPerStep == 0, "batch \(batch)")
      #endif
      #expect(found.batch == batch && found.loss.isFinite && !found.blasCore.isEmpty)
      #expect(found.bytesTouched > 0 && found.rowsTouched >= 0)
    }
  }

  @Test func `touches as many rows as it is told`() throws {
    let found = try step("Models/lr.json", "--batch", "64", "--steps", "1", "--touched-rows", "700")
    #expect(found.rowsTouched == 700)
    let refused = try OnlearnProcess.run(["bench", "step", "Models/mlp.json", "--touched-rows", "700"])
    #expect(refused.status == 64 && refused.errors.contains("looks up no rows"))
  }
}
