import Foundation
import TestSupport
import Testing

@Suite struct `The command parameters` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func parameters(_ command: String, _ file: String, _ arguments: [String]) throws -> OnlearnProcess {
    try OnlearnProcess.run(["parameters", command, CommandFolder.model, "\(folder.path)/\(file)"] + arguments)
  }

  @Test func `moves what was trained in a file to a server, on which training goes on`() async throws {
    let data = try folder.examples(64)
    let file = "file:\(folder.path)/trained"
    func score(_ store: String) throws -> OnlearnProcess {
      try OnlearnProcess.run(["score", CommandFolder.model, "--data", data, "--store", store])
    }
    #expect(try OnlearnProcess.run(["train", CommandFolder.model, "--data", data, "--store", file]).status == 0)
    try Data("mlp_small 1\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/list"))
    let form = "store.dt:\(folder.path)/list"
    let exported = try parameters("export", "store.dt", ["--to", form, "--store", file])
    #expect(exported.status == 0, "\(exported)")
    #expect(exported.output == "4 tensors of 421 values are in \(folder.path)/store.dt\n")

    let server = try RunningServer(["ps", "--listen", "127.0.0.1:0"], log: "ps.log", in: folder)
    let store = "ps:\(try await server.value(after: "listens at "))"
    let imported = try parameters("import", "store.dt", ["--from", form, "--store", store])
    #expect(imported.status == 0, "\(imported)")
    #expect(try score(store).output == score(file).output)
    #expect(try OnlearnProcess.run(["train", CommandFolder.model, "--data", data, "--store", store]).status == 0)

    let again = try parameters("import", "store.dt", ["--from", form, "--store", store])
    #expect(again.status == 73 && again.errors.contains("add --replace"), "\(again)")
    #expect(try parameters("import", "store.dt", ["--from", form, "--store", store, "--replace"]).status == 0)
    #expect(try score(store).output == score(file).output)
    #expect(try parameters("export", "x", ["--to", "store.dt:", "--store", file]).status == 64)
    #expect(server.stop() == 0, "\(server.text)")
  }
}
