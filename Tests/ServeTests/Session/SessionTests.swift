import GraphDefImport
import Kernels
import Parameters
import Serve
import Testing

@Suite struct `A session` {
  @Test(arguments: [1, 2]) func `computes what TensorFlow computes, gradients included`(_ lanes: Int) throws {
    let fixture = try SessionFixture(lanes: lanes)
    let names = ["logits", "loss", "accuracy"] + SessionFixture.parameters.map { "d-\($0)" }
    let arrays = try fixture.session.run(feeds: SessionFixture.feeds(), fetches: names).arrays
    for (name, array) in zip(names, arrays) {
      let expected = try SessionFixture.array(name)
      // The fixture keeps single numbers as vectors.
      #expect(array.shape == (expected.shape == [1] ? [] : expected.shape), "\(name)")
      #expect(try isClose(array, expected), "\(name)")
    }
  }

  @Test func `executes the graph's own gradients when asked`() throws {
    var options = Session.Options()
    options.usesGraphGradients = true
    let arrays = try SessionFixture().session.run(
      feeds: SessionFixture.feeds(), fetches: ["d-w1", "d-b2:0"], options: options
    ).arrays
    #expect(try isClose(arrays[0], SessionFixture.array("d-w1")))
    #expect(try isClose(arrays[1], SessionFixture.array("d-b2")))
  }

  @Test func `trains as TensorFlow does, reporting the loss before each step`() throws {
    var options = Session.Options()
    options.trainingSteps = 20
    let names = SessionFixture.parameters + ["accuracy"]
    let result = try SessionFixture().session.run(
      feeds: SessionFixture.feeds(), fetches: names, options: options)
    let losses = NpyArray(shape: [20], values: .float32(result.losses))
    #expect(try isClose(losses, SessionFixture.array("losses20")))
    for (name, array) in zip(names, result.arrays) {
      #expect(try isClose(array, SessionFixture.array("\(name).after20")), "\(name)")
    }
  }

  @Test func `continues from the parameters that are fed, along TensorFlow's curve of 500 steps`() throws {
    let fixture = try SessionFixture()
    var options = Session.Options()
    options.trainingSteps = 1
    var parameters = try SessionFixture.start()
    for (step, expected) in try #require(SessionFixture.array("curve500").floats).enumerated() {
      let rows = 32 * (step % 8)..<32 * (step % 8 + 1)
      let batch = [
        (name: "input_x", array: try SessionFixture.rows("x", rows)),
        (name: "input_y", array: try SessionFixture.rows("y", rows)),
      ]
      let result = try fixture.session.run(
        feeds: batch + parameters, fetches: SessionFixture.parameters, options: options)
      #expect(abs(result.losses[0] - expected) <= 1e-3 * expected, "step \(step)")
      parameters = Array(zip(SessionFixture.parameters, result.arrays))
    }
  }

  @Test func `trains at the learning rate it is given`() throws {
    var options = Session.Options()
    options.trainingSteps = 3
    options.learningRate = 0
    let result = try SessionFixture().session.run(
      feeds: SessionFixture.feeds(), fetches: ["w1"], options: options)
    #expect(Set(result.losses).count == 1)
    #expect(try result.arrays[0] == SessionFixture.array("w1"))
  }

  @Test(arguments: [1, 7, 32, 256]) func `takes the batch that it is fed`(_ examples: Int) throws {
    let result = try SessionFixture().session.run(
      feeds: SessionFixture.feeds(0..<examples), fetches: ["logits"])
    #expect(result.arrays[0].shape == [examples, 5])
  }

  @Test func `starts variables that are not fed as the seed says`() throws {
    let fixture = try SessionFixture()
    func weights(_ seed: UInt64) throws -> NpyArray {
      var options = Session.Options()
      options.seed = seed
      return try fixture.session.run(feeds: [], fetches: ["w1"], options: options).arrays[0]
    }
    #expect(try weights(1) == weights(1))
    #expect(try weights(1) != weights(2))
    #expect(try weights(1).shape == [20, 16])
  }

  @Test func `gives the starting values that a store has`() throws {
    let fixture = try SessionFixture()
    let model = try Model(configPath: SessionFixture.configPath)
    var storeOptions = Model.StoreOptions()
    storeOptions.seed = 5
    let store = try model.openStore(
      .memory, optimizers: model.parameters.map { _ in .sgd(rate: 0) }, options: storeOptions
    ).store
    var options = Session.Options()
    options.seed = 5
    let arrays = try fixture.session.run(feeds: [], fetches: SessionFixture.parameters, options: options).arrays
    for (name, array) in zip(SessionFixture.parameters, arrays) { #expect(try array.floats == store.read(name)) }
  }

  @Test func `does not change a parameter when a loss is not finite`() throws {
    var options = Session.Options()
    options.trainingSteps = 5
    options.learningRate = 1e30
    #expect(throws: NonFiniteError.self) {
      try SessionFixture().session.run(feeds: SessionFixture.feeds(), fetches: ["loss"], options: options)
    }
  }

  @Test func `says which fetch is not finite`() throws {
    var feeds = try SessionFixture.feeds()
    feeds[0].array = NpyArray(shape: [32, 20], values: .float32(Array(repeating: .infinity, count: 640)))
    let result = try SessionFixture().session.run(feeds: feeds, fetches: ["logits", "w1"])
    #expect(result.notices.count == 1 && result.notices[0].contains("'logits'"))
  }
}
