import Kernels
import NIOCore
import PS
import Parameters
import Testing
import Wire

/// Links to a server that gives each kind of request an answer of its own.
private final class StrangeLinks: ServerLinks {
  let count = 1
  let lostUpdates: UInt64 = 0
  let payloadLimit = Limits().payload
  private let answer: @Sendable (MessageType) -> ByteBuffer

  init(_ answer: @escaping @Sendable (MessageType) -> ByteBuffer) { self.answer = answer }

  func name(of shard: Int) -> String { "the server" }

  func call(_ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void) -> [Frame?] {
    requests.map { request in
      request.map { Frame($0.type, flags: .response, payload: answer($0.type)) }
    }
  }
}

@Suite struct `Answers that no server should give` {
  @Test(arguments: [[4_294_967_295, 4_294_967_295, 4_294_967_295], [1 << 17, 1 << 16]])
  func `describe tensors that are refused for their size`(_ shape: [Int]) throws {
    let schema = ModelSchema(name: "m", parameters: [ParameterSpec(name: "w", shape: shape)])
    let links = StrangeLinks { _ in DescribeReply(prefix: ReplyPrefix(), model: 1, schema: schema).payload }
    let error = try #require(throws: StoreError.self) { _ = try ParameterClient(reading: "m", links: links) }
    guard case .invalidSchema("w", _) = error else { throw error }
  }

  @Test func `tell a worker that it has ended the last clock, in which it goes on`() throws {
    let links = StrangeLinks { type in
      var writer = MessageWriter()
      let last = ReplyPrefix(minimumClock: .max)
      if type == .registerModel {
        RegisterReply(prefix: last, model: 1, isCreated: false, expectsValues: false, schemaHash: 0).write(to: &writer)
      } else {
        PullReply(prefix: last, revision: 1).write(to: &writer)
      }
      return writer.payload
    }
    var options = ParameterClient.Options()
    (options.rank, options.consistency) = (0, .stale(1))
    let parameters = [ParameterSpec(name: "w", shape: [1], optimizer: .sgd(rate: 1))]
    let client = try ParameterClient(parameters, name: "m", links: links, options: options)
    var gradient: [Float] = [1]
    try gradient.withMemoryView { gradient in
      for _ in 0..<2 { _ = try client.exchange(push: .init(gradients: [.dense(gradient)]), pull: nil) }
    }
  }

  @Test func `count the waiting gradients of a model twice, of which the greater number counts`() throws {
    let schema = ModelSchema(name: "m", parameters: [ParameterSpec(name: "w", shape: [1])])
    let links = StrangeLinks { type in
      switch type {
      case .stats: FiguresReply([("model.m.gradients_waiting", 2), ("model.m.gradients_waiting", 0)]).payload
      case .describeModel: DescribeReply(prefix: ReplyPrefix(), model: 1, schema: schema).payload
      default: OffsetsReply(offsets: [:]).payload
      }
    }
    #expect(try ClusterDrain(links).obstacles() == [.openClock(model: "m", shard: 0)])
  }
}
