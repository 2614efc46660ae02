import PS
import Parameters
import TestSupport
import Testing
import Wire

/// A server's optimizers beside TensorFlow's kernels, and again behind a snapshot in the middle.
@Suite struct `Every optimizer on a server, beside TensorFlow's` {
  /// A dense tensor and a table under one optimizer of TensorFlow's, with TensorFlow's first weights.
  private struct Training {
    let golden: OptimizerGolden
    let forms: [OptimizerGolden.Form]
    let schema: ModelSchema

    init(_ name: String) throws {
      let golden = try OptimizerGolden(name)
      self.golden = golden
      // Rules that update all rows are refused for tables of a server.
      forms = [.dense, .rows].filter { golden.has($0) && ($0 == .dense || !golden.optimizer.rule.updatesAllRows) }
      schema = ModelSchema(name: name, parameters: forms.map { golden.parameter($0, name: "\($0)") })
    }

    func begin(_ client: TestClient) throws {
      try client.register(schema, bringsValues: true)
      for (part, place) in schema.storedRanges where part == 0 {
        let count = try client.getValues(model: 1, [(part, place)])[0].count
        try client.putValues([(part, place, OptimizerGolden.start(count))], isLast: false)
      }
      try client.putValues([], isLast: true)
    }

    func push(_ step: Int, _ client: TestClient) throws {
      try client.push(
        forms.enumerated().map { tensor, form in
          guard form == .rows else { return .dense(tensor: tensor, first: 0, OptimizerGolden.denseGradient(step)) }
          let (keys, values) = OptimizerGolden.rowGradient(step)
          return .rows(tensors: [tensor], keys: keys, [values])
        })
    }

    /// What differs from TensorFlow after `step`.
    func problems(_ server: TestServer, after step: Int) throws -> [String] {
      guard golden.steps.contains(step) else { return [] }
      let (tensors, places) = try TensorPlace.list(schema.parameters)
      return try zip(tensors, server.contents(of: schema, model: 1)).compactMap { tensor, bits in
        let form = forms[places[tensor.name]!.parameter]
        let slot = tensor.name.split(separator: "/").dropFirst().first ?? "weights"
        return try golden.problem(bits.map(Float.init(bitPattern:)), form, "\(slot)", after: step)
      }
    }
  }

  @Test(arguments: OptimizerGolden.names)
  func `takes the same 1,000 steps, also to the last bit when a snapshot was taken and read in between`(
    _ name: String
  ) throws {
    let training = try Training(name)
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try training.begin(client)
    let last = try #require(training.golden.steps.last)
    let middle = last / 2
    for step in 1...middle {
      try training.push(step, client)
      #expect(try training.problems(server, after: step) == [])
    }
    _ = try #require(server.beginSnapshot())
    var restored = ServerCore(server.configuration, now: Instant())
    while let chunk = server.nextSnapshotChunk() { try restored.restore(chunk) }
    server.endSnapshot()
    let copy = TestServer(restored, server.configuration)
    let successor = TestClient(copy, id: 2)
    for step in middle + 1...last {
      try training.push(step, client)
      try training.push(step, successor)
      #expect(try training.problems(copy, after: step) == [])
    }
    let contents = try server.contents(of: training.schema, model: 1)
    #expect(try copy.contents(of: training.schema, model: 1) == contents)
    #expect(contents.allSatisfy { !$0.isEmpty })
  }
}
