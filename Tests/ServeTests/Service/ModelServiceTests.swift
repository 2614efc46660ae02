import Foundation
import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

@Suite struct `A service of models` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ name: String, to place: String) throws {
    let destination = "\(folder.path)/\(place)"
    try FileManager.default.createDirectory(
      atPath: (destination as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try? FileManager.default.removeItem(atPath: destination)
    try FileManager.default.copyItem(atPath: "\(SmallService.folder)/\(name)", toPath: destination)
  }

  @Test func `finds models in a flat folder and in the reference's layout`() throws {
    try copy("mlp_small.json", to: "one.json")
    try copy("mlp_small.json", to: "model_conf/two.json")
    _ = try folder.write("{}", to: ".hidden.json")
    let models = try ModelFolder(folder.path)
    #expect(models.names == ["one", "two"])
    #expect(models.configPath(of: "two") == "\(folder.path)/model_conf/two.json")
    #expect(models.configPath(of: "../secret") == nil)
    #expect(models.configPath(of: "three") == nil)
  }

  @Test(arguments: ["", ".", "..", "a/b", "a b", "ä", "a:b", String(repeating: "a", count: 129)])
  func `takes no name that could be more than a name`(_ name: String) { #expect(!ModelFolder.isName(name)) }

  @Test func `loads a model of the reference's layout`() async throws {
    try copy("mlp_small.json", to: "model_conf/mlp_small.json")
    try copy("mlp_small.pb", to: "model_pb/mlp_small.pb")
    let model = try await SmallService(folder: folder.path).model()
    #expect(try await model.train(SmallService.batch(4)).version == 1)
  }

  @Test func `refuses names that it does not know, and models that cannot be used`() async throws {
    _ = try folder.write("{\"other\": 1}", to: "broken.json")
    let models = try SmallService(folder: folder.path).models
    let unknown = await #expect(throws: ServiceError.self) { try await models.load("nobody") }
    #expect(unknown?.kind == .unknownModel)
    let broken = await #expect(throws: ServiceError.self) { try await models.load("broken") }
    #expect(broken?.kind == .unusableModel)
  }

  @Test func `loads a model once however many ask for it at once`() async throws {
    let models = try SmallService().models
    let loaded = try await withThrowingTaskGroup { group in
      for _ in 0..<8 { group.addTask { try await models.model(SmallService.name) } }
      return try await group.reduce(into: [ServedModel]()) { $0.append($1) }
    }
    #expect(Set(loaded.map(ObjectIdentifier.init)).count == 1)
  }

  @Test func `forgets an unloaded model until it is loaded again, and goes on from its file`() async throws {
    var options = ServiceOptions()
    options.store = .file(path: folder.path + "/parameters")
    let models = try SmallService(options).models
    let model = try await models.load(SmallService.name)
    for _ in 0..<3 { _ = try await model.train(SmallService.batch(8)) }
    let scores = try await model.score(SmallService.batch(2), minimumVersion: 3)
    try await models.unload(SmallService.name)
    let gone = await #expect(throws: ServiceError.self) { try await models.model(SmallService.name) }
    #expect(gone?.kind == .unknownModel)
    let late = await #expect(throws: ServiceError.self) { try await model.train(SmallService.batch(8)) }
    #expect(late?.kind == .draining)
    let again = try await models.load(SmallService.name)
    #expect(again.version == 3)
    #expect(try await again.score(SmallService.batch(2)) == scores)
  }

  @Test func `saves when it is drained, and takes no more`() async throws {
    var options = ServiceOptions()
    options.store = .file(path: folder.path + "/parameters")
    let models = try SmallService(options).models
    let model = try await models.load(SmallService.name)
    _ = try await model.train(SmallService.batch(8))
    try await models.drain()
    let error = await #expect(throws: ServiceError.self) { try await model.train(SmallService.batch(8)) }
    #expect(error?.kind == .draining)
    #expect(try await SmallService(options).models.load(SmallService.name).version == 1)
  }

  @Test func `keeps a model as it is when its new files are wrong`() async throws {
    try copy("mlp_small.json", to: "mlp_small.json")
    try copy("mlp_small.pb", to: "mlp_small.pb")
    let service = try SmallService(folder: folder.path)
    let model = try await service.model()
    _ = try await model.train(SmallService.batch(8))
    _ = try folder.write("not a graph", to: "mlp_small.pb")
    await service.models.reload()
    #expect(try await model.train(SmallService.batch(8)).version == 2)
    try copy("mlp_small.pb", to: "mlp_small.pb")
    await service.models.reload()
    #expect(try await model.train(SmallService.batch(8)).version == 3)
  }

  @Test func `lets a model learn as its new configuration says`() async throws {
    try copy("mlp_small.json", to: "mlp_small.json")
    try copy("mlp_small.pb", to: "mlp_small.pb")
    let service = try SmallService(folder: folder.path)
    let model = try await service.model()
    _ = try await model.train(SmallService.batch(8))
    let before = try await model.score(SmallService.batch(4), minimumVersion: 1).probabilities
    let config = try String(contentsOfFile: folder.path + "/mlp_small.json", encoding: .utf8)
    let slower = config.replacingOccurrences(of: "\"learning_rate\": 0.05", with: "\"learning_rate\": 1e-12")
    _ = try folder.write(slower, to: "mlp_small.json")
    await service.models.reload()
    _ = try await model.train(SmallService.batch(8))
    let after = try await model.score(SmallService.batch(4), minimumVersion: 2).probabilities
    #expect(zip(before, after).allSatisfy { ($0 - $1).magnitude < 1e-6 })
  }

  @Test func `keeps a model as it is when its new graph trains but cannot score`() async throws {
    try copy("mlp_small.json", to: "mlp_small.json")
    try copy("mlp_small.pb", to: "mlp_small.pb")
    let service = try SmallService(folder: folder.path)
    let (model, other) = (try await service.model(), try await SmallService().model())
    var builder = GraphDefBuilder()
    builder.graph = try GraphFile.read(folder.path + "/mlp_small.pb").graph
    let logits = try #require(builder.graph.nodes.firstIndex { $0.name == "logits" })
    builder.graph.nodes[logits].name = "honest_logits"
    builder.add("logits", op: "Mul", ["honest_logits", "input_y"])
    _ = try folder.write(builder.encoded(), to: "mlp_small.pb")
    let changed = try Model(configPath: folder.path + "/mlp_small.json")
    let (store, _) = try changed.openStoreForScoring(.memory)
    #expect(throws: ModelError.self) { try Predictor(changed, parameters: store, pool: LanePool(lanes: 1)) }
    await service.models.reload()
    let loss = try await model.train(SmallService.batch(8)).loss
    let expected = try await other.train(SmallService.batch(8)).loss
    #expect(loss == expected)
  }

  @Test func `keeps a model as it is when its new graph learns by another rule`() async throws {
    try copy("../optimizers/sgd_exponential.json", to: "clicks.json")
    try copy("../optimizers/sgd_exponential.pb", to: "sgd_exponential.pb")
    let models = try SmallService(folder: folder.path).models
    let model = try await models.load("clicks")
    let graph = model.current.graphSHA256
    try copy("../optimizers/momentum_nesterov.pb", to: "sgd_exponential.pb")
    await models.reload()
    #expect(model.current.graphSHA256 == graph)
    try copy("../optimizers/sgd_cosine.pb", to: "sgd_exponential.pb")
    await models.reload()
    #expect(model.current.graphSHA256 != graph)
  }
}
