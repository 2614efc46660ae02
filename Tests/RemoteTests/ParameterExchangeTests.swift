import Foundation
import PS
import Parameters
import Serve
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `Parameters on servers` {
  @Test func `come from as many streams as those in this process`() { #expect(StreamEnds.limit == OffsetsReply.limit) }

  @Test(arguments: [1, 2]) func `are imported before a training, exported, and replaced during one`(
    _ count: Int
  ) async throws {
    let servers = try await TestServers.start(count)
    let store = StoreSpecification.servers(servers.map(\.address))
    let model = try Model(configPath: OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small/mlp_small.json")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }
    let optimizers = try model.parameters.map { _ in try Optimizer("momentum:rate=0.1") }

    var seeded = Model.StoreOptions()
    seeded.seed = 7
    _ = try model.exportParameters(in: .memory, as: .npz, to: path("start.npz"), options: seeded)
    func bring(_ name: String, replaces: Bool = false) throws -> ParameterTransfer {
      try model.importParameters(
        from: path(name), as: .npz, into: store, optimizers: optimizers, replaces: replaces)
    }
    #expect(try bring("start.npz").tensors == 4)
    #expect(throws: DataError.self) { try bring("start.npz") }

    // A training finds the model, and its first pull has the imported values.
    let trained = try model.openStore(store, optimizers: optimizers).store
    let exported = try model.exportParameters(in: store, as: .npz, to: path("exported.npz"))
    #expect(exported.tensors == 8, "weights and momentum")
    let weights = try NpzFile(path("start.npz"))
    for parameter in model.parameters {
      let tensor = StoredTensor(name: parameter.name, shape: parameter.shape)
      #expect(try trained.read(parameter.name) == weights.read(tensor))
      #expect(try NpzFile(path("exported.npz")).read(tensor) == weights.read(tensor))
    }

    var admin = NetworkLinks.Options()
    admin.role = .admin
    let editor = try ParameterClient(
      reading: "mlp_small", links: NetworkLinks(servers.map(\.address), options: admin))
    try editor.write([Float](repeating: 3, count: 5), to: "b2")
    try editor.write([Float](repeating: 4, count: 5), to: "b2/momentum")
    #expect(try bring("exported.npz", replaces: true).tensors == 8)
    _ = try model.exportParameters(in: store, as: .npz, to: path("again.npz"))
    #expect(try bytes("again.npz") == bytes("exported.npz"))
    _ = try model.exportParameters(in: store, as: .safetensors, to: path("again"))
    let resumed = try FileStore(
      trained.parameters, path: path("again"), origin: .init(model: "mlp_small", graphSHA256: model.graphSHA256),
      isResuming: true)
    #expect(resumed.notices.isEmpty && resumed.version == 0)
    for server in servers { try await server.stop(within: .milliseconds(200)) }
  }

  @Test(arguments: [1, 2], [false, true]) func `are imported again after an import that did not end`(
    _ count: Int, _ replaces: Bool
  ) async throws {
    let servers = try await TestServers.start(count, leaseTime: .milliseconds(100))
    let store = StoreSpecification.servers(servers.map(\.address))
    let model = try Model(configPath: OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small/mlp_small.json")
    let optimizers = try model.parameters.map { _ in try Optimizer("sgd:rate=0.1") }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var seeded = Model.StoreOptions()
    seeded.seed = 7
    _ = try model.exportParameters(in: .memory, as: .npz, to: path, options: seeded)

    // A client says that it brings values, and brings none.
    let links = NetworkLinks(servers.map(\.address))
    let parameters = try model.openStore(.memory, optimizers: optimizers).store.parameters
    #expect(throws: StoreError.unknownTensor("none")) {
      _ = try ParameterClient(parameters, name: "mlp_small", links: links, values: [("none", [])])
    }
    if count == 2, replaces {
      // On one server it did bring them.
      var writer = MessageWriter()
      Mutation(sequence: 0, model: 1).write(to: &writer)
      writer.flag(true)
      writer.zeros(7)
      writer.count(0)
      _ = try links.call([ServerRequest(changing: .putValues, writer.payload), nil])
    }
    try await Task.sleep(for: .milliseconds(150))
    let error = #expect(throws: ClientError.self) {
      _ = try model.openStore(store, optimizers: optimizers).store.exchange(push: nil, pull: .everything)
    }
    guard case .refused(let refusal)? = error else { return }
    #expect(refusal.code == .valuesMissing)

    _ = try model.importParameters(
      from: path, as: .npz, into: store, optimizers: optimizers, replaces: replaces)
    let imported = try model.openStore(store, optimizers: optimizers).store
    let weights = try NpzFile(path)
    for parameter in model.parameters {
      let tensor = StoredTensor(name: parameter.name, shape: parameter.shape)
      #expect(try imported.read(parameter.name) == weights.read(tensor))
    }
    for server in servers { try await server.stop(within: .milliseconds(200)) }
  }
}
