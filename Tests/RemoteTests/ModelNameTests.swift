import CoreMetrics
import Foundation
import Kernels
import Logging
import PS
import Serve
import TestSupport
import Testing

@Suite struct `A model's name on parameter servers` {
  @Test func `belongs to one served model at a time`() async throws {
    let servers = try await TestServers.start(1)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let fixture = OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small/mlp_small"
    for (kind, name) in [("pb", "mlp_small.pb"), ("json", "one.json"), ("json", "two.json")] {
      try FileManager.default.copyItem(atPath: "\(fixture).\(kind)", toPath: "\(folder.path)/\(name)")
    }
    var options = ServiceOptions()
    options.store = .servers(servers.map(\.address))
    let models = ModelService(
      folder: try ModelFolder(folder.path), options: options, pool: LanePool(lanes: 1),
      metrics: NOOPMetricsHandler.instance, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let one = try await models.load("one")
    #expect(try await models.load("one") === one)
    let error = await #expect(throws: ServiceError.self) { _ = try await models.load("two") }
    #expect(error?.kind == .unusableModel && error?.message.contains("'one'") == true)
    try await models.unload("one")
    _ = try await models.load("two")
    try await models.drain()
    for server in servers { try await server.stop(within: .milliseconds(200)) }
  }
}
