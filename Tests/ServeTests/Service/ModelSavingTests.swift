import Dispatch
import Foundation
import Serve
import Testing

@Suite struct `A model in a file` {
  private let folder: TemporaryFolder
  private let options: ServiceOptions

  init() throws {
    folder = try TemporaryFolder()
    var options = ServiceOptions()
    options.store = .file(path: folder.path + "/parameters")
    self.options = options
  }

  private var parameters: String { "\(folder.path)/parameters" }

  /// Makes every save fail from now on, as a full disk would, until the folder is there again.
  private func loseFolder() throws { try FileManager.default.removeItem(atPath: parameters) }

  private func returnFolder() throws {
    try FileManager.default.createDirectory(atPath: parameters, withIntermediateDirectories: true)
  }

  @Test func `that is unloaded is saved before it is opened again`() async throws {
    let models = try SmallService(options).models
    let model = try await models.load(SmallService.name)
    // The first answer keeps the lane from the second batch until somebody wants the model back.
    let isWanted = DispatchSemaphore(value: 0)
    model.train(TrainRequest(batch: SmallService.batch(8))) { _ in isWanted.wait() }
    model.train(TrainRequest(batch: SmallService.batch(8, seed: 2))) { _ in }
    async let unloading: Void = models.unload(SmallService.name)
    while models.loadedModel(SmallService.name) != nil { await Task.yield() }
    async let loading = models.load(SmallService.name)
    // Who only wants to use it does not wait.
    let other = await #expect(throws: ServiceError.self) { try await models.model(SmallService.name) }
    #expect(other?.kind == .unknownModel)
    // Long enough to open a model that is not waited for.
    for _ in 0..<30 where models.loadedModel(SmallService.name) == nil { try await Task.sleep(for: .milliseconds(1)) }
    isWanted.signal()
    try await unloading
    let again = try await loading
    #expect(again.version == 2 && again !== model)
  }

  @Test func `stays as it is if it cannot be saved, and says so`() async throws {
    let models = try SmallService(options).models
    let model = try await models.load(SmallService.name)
    _ = try await model.train(SmallService.batch(8))
    try loseFolder()
    let error = await #expect(throws: ServiceError.self) { try await models.unload(SmallService.name) }
    #expect(error?.kind == .storage)
    #expect(try await models.model(SmallService.name) === model)
    #expect(try await model.train(SmallService.batch(8)).version == 2)
    try returnFolder()
    try await models.unload(SmallService.name)
    #expect(try await models.load(SmallService.name).version == 2)
  }

  @Test func `is trained by one service at a time`() async throws {
    let models = try SmallService(options).models
    _ = try await models.load(SmallService.name).train(SmallService.batch(8))
    let others = try SmallService(options).models
    let error = await #expect(throws: ServiceError.self) { try await others.load(SmallService.name) }
    #expect(error?.message.contains("is being trained already") == true, "\(String(describing: error))")
    try await models.drain()
    #expect(try await others.load(SmallService.name).version == 1)
  }

  @Test func `that cannot be saved at the end is an error`() async throws {
    let models = try SmallService(options).models
    _ = try await models.load(SmallService.name).train(SmallService.batch(8))
    try loseFolder()
    let error = await #expect(throws: ServiceError.self) { try await models.drain() }
    #expect(error?.kind == .storage)
  }

  @Test(.timeLimit(.minutes(1)))
  func `that is still being loaded at the end is not waited for, and nobody gets it`() async throws {
    let gate = Gate()
    let models = try SmallService(options, metrics: gate).models
    let loading = Task { try await models.load(SmallService.name) }
    await gate.untilSomebodyWaits()
    try await models.drain()
    gate.open()
    let late = await #expect(throws: ServiceError.self) { _ = try await loading.value }
    #expect(late?.kind == .draining)
  }
}
