import GraphDefImport
import Kernels
import Parameters
import Serve
import Testing

/// Models under `Tests/Fixtures/optimizers` or another folder, which `export.py` there made: a graph, its configuration,
/// and what TensorFlow trains it to.
struct OptimizerFixture {
  static let names = [
    "sgd_exponential", "sgd_cosine", "momentum_nesterov", "momentum_polynomial", "adagrad", "adagrad_inverse", "adam",
    "adam_harmonic", "ftrl", "ftrl_initial", "ftrl_shrinkage", "rmsprop", "rmsprop_centered", "sgd_conditional",
  ]

  let model: Model
  let values: SafetensorsFile

  init(_ name: String, folder: String = "optimizers", testFile: String = #filePath) throws {
    let tests = testFile.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let path = "\(tests)/Fixtures/\(folder)/\(name)"
    model = try Model(configPath: "\(path).json")
    values = try SafetensorsFile("\(path).safetensors")
  }

  var tables: Set<String> { Set(model.parameters.filter(\.isTable).map(\.name)) }

  func choice(_ options: OptimizerChoice.Options) throws -> OptimizerChoice {
    try OptimizerChoice(model.importer, options: options, tables: tables)
  }

  func tensor(_ name: String) throws -> [Float] { try values.read(name) }

  /// The steps after which TensorFlow's values are known.
  var steps: [Int] {
    get throws { try #require(values.header.metadata("steps")).split(separator: " ").compactMap { Int($0) } }
  }

  /// The batch of step `step`.
  func batch(_ step: Int, examples: Int = 16, of count: Int = 4) throws -> Batch {
    let (x, y) = (try tensor("x"), try tensor("y"))
    let (width, labelWidth) = (x.count / (count * examples), y.count / (count * examples))
    var batch = Batch()
    batch.resize(examples: examples, width: width, labelWidth: labelWidth)
    let first = step % count * examples
    batch.x = Array(x[first * width..<(first + examples) * width])
    batch.y = Array(y[first * labelWidth..<(first + examples) * labelWidth])
    return batch
  }
}

@Suite struct `Training with a graph's own optimizer` {
  @Test(arguments: OptimizerFixture.names)
  func `gives TensorFlow's parameters`(_ name: String) throws {
    let fixture = try OptimizerFixture(name)
    let choice = try fixture.choice(.init(.twin))
    #expect(choice.frozen.isEmpty)
    #expect(choice.notices.allSatisfy { $0.hasPrefix("Adam") || $0.hasPrefix("train_step has the learning rate") })
    #expect(choice.trainStep?.updates.map(\.isSparse) == [true, false, false])
    let model = fixture.model
    let store = try MemoryStore(
      model.specs(optimizers: choice.optimizers, initialValues: model.parameters.map { _ in .zeros }))
    for parameter in model.parameters { try store.write(fixture.tensor(parameter.name), to: parameter.name) }
    let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 1))
    let schedule = try choice.makeSchedule()
    let steps = try fixture.steps
    #expect(steps == [1, 2, 20])
    for step in 0..<(steps.max() ?? 0) {
      try schedule?.apply(to: store, afterStep: UInt64(step))
      let batch = try fixture.batch(step)
      _ = try trainer.step(batch)
      guard steps.contains(step + 1) else { continue }
      for parameter in model.parameters {
        let found = try store.read(parameter.name)
        let expected = try fixture.tensor("\(parameter.name).\(step + 1)")
        let largest = expected.reduce(0) { max($0, $1.magnitude) }
        let worst = zip(found, expected).map { ($0 - $1).magnitude / (2e-4 * $1.magnitude + 2e-5 * largest) }.max()
        #expect(worst ?? 0 <= 1, "\(parameter.name) after step \(step + 1)")
      }
    }
  }

  @Test func `follows a schedule from any step`() throws {
    let choice = try OptimizerFixture("sgd_exponential").choice(.init(.twin))
    #expect(choice.optimizers.map(\.rate) == [0.1, 0.1, 0.1])
    let schedule = try #require(try choice.makeSchedule())
    #expect(try schedule.optimizers(afterStep: 0) == choice.optimizers)
    let optimizers = try schedule.optimizers(afterStep: 32)
    #expect(optimizers.count == 3 && optimizers.allSatisfy { ($0.rate - 0.025).magnitude < 1e-8 })
  }
}
