import Kernels
import NIOCore
import PS
import Parameters
import Testing
import Wire

@Suite struct `An answer with many values` {
  /// Tensors whose arrays begin and end at odd places.
  private static let schema = ModelSchema(
    name: "m",
    parameters: [
      ParameterSpec(
        name: "w", shape: [100_003], optimizer: .sgd(rate: 1),
        initialValues: .uniform(low: -1, high: 1, key: 1, stream: 1)),
      ParameterSpec(name: "b", shape: [1], optimizer: .sgd(rate: 1)),
      ParameterSpec(
        name: "t", shape: [9001, 17], kind: .table, optimizer: .sgd(rate: 1),
        initialValues: .uniform(low: -1, high: 1, key: 1, stream: 2)),
      ParameterSpec(
        name: "u", shape: [9001, 1], kind: .table, optimizer: .sgd(rate: 1),
        initialValues: .uniform(low: -1, high: 1, key: 1, stream: 3)),
    ])

  private static let keys = (0..<Int64(9001)).filter { $0 % 3 != 0 }
  /// The second array ends with a part, at an odd place.
  private static let everything: [TestPull] = [
    .dense(tensor: 0, first: 9, count: 1), .dense(tensor: 0, first: 2, count: FrameParts.byteCount / 4 - 1),
    .dense(tensor: 0, first: 1, count: 99_999), .rows(tensors: [2, 3], keys: keys),
    .dense(tensor: 1, first: 0, count: 1),
    .rows(tensors: [3], keys: [5]), .rows(tensors: [2], keys: []), .dense(tensor: 0, first: 0, count: 3),
  ]

  /// Says no more than whether they are the same: the differences of long arrays take minutes to find.
  private static func expectSame(_ found: [[Float]], _ expected: [[Float]]) {
    let isSame = found == expected
    #expect(isSame)
  }

  /// The same values, asked for in pieces that are too small to be sent in parts.
  private static func inPieces(_ client: TestClient) throws -> [[Float]] {
    try everything.flatMap { block -> [[Float]] in
      switch block {
      case .dense(let tensor, let first, let count):
        let starts = stride(from: 0, to: count, by: 10_000)
        let pieces = try starts.flatMap { start in
          try client.pull([.dense(tensor: tensor, first: first + start, count: min(10_000, count - start))]).values[0]
        }
        return [pieces]
      case .rows(let tensors, let keys):
        return try tensors.map { tensor in
          try stride(from: 0, to: keys.count, by: 500).flatMap { start in
            let part = Array(keys[start..<min(start + 500, keys.count)])
            return try client.pull([.rows(tensors: [tensor], keys: part)]).values[0]
          }
        }
      }
    }
  }

  @Test func `has the values that many small ones have`() throws {
    var random = SplitMix64(seed: 1)
    let client = TestClient(try TestServer(), id: 1)
    try client.register(Self.schema)
    try Self.expectSame(client.pull(Self.everything).values, Self.inPieces(client))
    let pushed = try client.pushPull(Self.schema.randomPush(&random), Self.everything)
    try Self.expectSame(pushed.values, Self.inPieces(client))
    // Dense values that are known do not come again.
    let rows = try client.pull(Self.everything, known: pushed.reply.revision).values
    Self.expectSame(rows, [3, 4, 6, 7].map { pushed.values[$0] })
  }

  @Test func `has no part without bytes, though it ends with arrays without values`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1)
    try client.register(Self.schema)
    let pull: [TestPull] = [
      .dense(tensor: 0, first: 0, count: FrameParts.byteCount / 4), .dense(tensor: 0, first: 9, count: 0),
      .rows(tensors: [2, 3], keys: []), .dense(tensor: 1, first: 0, count: 0),
    ]
    #expect(try client.pull(pull).values.map(\.count) == [FrameParts.byteCount / 4, 0, 0, 0, 0])
    #expect(server.partSizes.allSatisfy { $0 > 0 } && server.partSizes.count == 1)
  }

  @Test func `is refused to a client that came back and takes less, as it did not when it asked`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(Self.schema)
    server.logs = false
    let pull: [TestPull] = [.dense(tensor: 0, first: 0, count: 100_003)]
    let push: [TestPush] = [.dense(tensor: 1, first: 0, [1])]
    _ = client.sendPush(push, pull)
    let again = TestClient(server, id: 1, receiveLimit: 1024)
    let request = again.send(
      .pushPull, again.pushPayload(push, pull: pull, sequence: client.sequence))
    server.write()
    // The connection makes it error 308, as it does with every answer that is too long.
    #expect(try again.answer(to: request).payload.readableBytes > 400_000)
    #expect(server.partSizes.isEmpty)
  }

  @Test func `has those of its own push, also when the next one is applied at the same time`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(Self.schema)
    let pull: [TestPull] = [.dense(tensor: 0, first: 0, count: 100_003)]
    let before = try client.pull(pull).values[0]
    server.logs = false
    let push: [TestPush] = [.dense(tensor: 0, first: 0, [Float](repeating: 0.5, count: 100_003))]
    let requests = (0..<3).map { _ in client.sendPush(push, pull) }
    server.write()
    for (number, request) in requests.enumerated() {
      let found = try client.values(request, pull).values[0]
      var expected = before
      for _ in 0...number { for index in expected.indices { expected[index] -= 0.5 } }
      Self.expectSame([found], [expected])
    }
  }
}
