import Kernels
import Parameters
import Testing

@Suite struct `Schedules and limits` {
  /// The weights after one push of `gradient` by `optimizer`, starting at zero.
  private func weights(_ optimizer: String, _ gradient: [Float], steps: Int = 1) throws -> [Float] {
    let spec = ParameterSpec(name: "w", shape: [gradient.count], optimizer: try Optimizer(optimizer))
    let store = try MemoryStore([spec])
    var gradient = gradient
    for _ in 0..<steps {
      try gradient.withMemoryView { view in
        _ = try store.exchange(push: ParameterGradients(gradients: [.dense(view)]), pull: nil)
      }
    }
    return try store.read("w")
  }

  @Test func `clip each element`() throws {
    #expect(try weights("sgd:rate=1,clip=2", [1, 5, -5, 0]) == [-1, -2, 2, 0])
  }

  @Test func `clip the norm`() throws {
    #expect(try weights("sgd:rate=1,clip_norm=5", [3, 4]) == [-3, -4])
    #expect(try weights("sgd:rate=1,clip_norm=1", [0, 3, 4]) == [0, -0.6, -0.8])
    #expect(try weights("sgd:rate=1,clip_norm=1,clip=0.7", [0, 3, 4]) == [0, -0.6, -0.7])
  }

  @Test func `clip the norm of a push's rows`() throws {
    let spec = ParameterSpec(
      name: "t", shape: [4, 1], kind: .table, optimizer: try Optimizer("sgd:rate=1,clip_norm=1,min=-0.7"))
    let store = try MemoryStore([spec])
    var keys: [Int64] = [1, 3]
    var values: [Float] = [3, 4]
    try keys.withMemoryView { keys in
      try values.withMemoryView { values in
        _ = try store.exchange(push: .init(gradients: [.rows(keys: keys, values: values)]), pull: nil)
      }
    }
    #expect(try store.read("t") == [0, -0.6, 0, -0.7])
  }

  @Test func `bound the weights`() throws {
    #expect(try weights("sgd:rate=1,min=-1.5,max=0.5", [1, 2, -1, -0.25]) == [-1, -1.5, 0.5, 0.25])
  }

  @Test(arguments: ["adagrad:initial=0,epsilon=1e-7", "adagrad", "rmsprop", "adam", "lazy_adam", "ftrl:initial=0"])
  func `leave a weight alone that has no gradient`(_ optimizer: String) throws {
    #expect(try weights(optimizer, [0, 0], steps: 2) == [0, 0])
  }

  @Test func `change the rate with the steps`() throws {
    #expect(try weights("sgd:rate=1,warmup=4", [1], steps: 5) == [-(0.25 + 0.5 + 0.75 + 1 + 1)])
    #expect(try weights("sgd:rate=1,exponential=0.5", [1], steps: 3) == [-(1 + 0.5 + 0.25)])
    #expect(try weights("sgd:rate=1,exponential=0.25,exponential_steps=2", [1], steps: 3) == [-(1 + 0.5 + 0.25)])
    let staircase = "sgd:rate=1,exponential=0.5,exponential_steps=2,exponential_staircase=1"
    #expect(try weights(staircase, [1], steps: 4) == [-(1 + 1 + 0.5 + 0.5)])
    #expect(try weights("sgd:rate=1,inverse=1", [1], steps: 4) == [-(1 + 0.5 + 1 / Float(3) + 0.25)])
    let inverse = "sgd:rate=1,inverse=1,inverse_steps=2,inverse_staircase=1"
    #expect(try weights(inverse, [1], steps: 4) == [-(1 + 1 + 0.5 + 0.5)])
  }
}
