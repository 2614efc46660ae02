import Foundation
import Kernels
import NIOCore
import PS
import Parameters
import Remote
import Serve
import TestSupport
import Testing
import Wire

/// The vectors of Documentation/WireProtocol.md, which another encoder computed.
@Suite struct `The golden vectors of the protocol's page` {
  private static let page = vectors()

  /// Name and bytes of each vector: what stands in bold, and the indented lines that follow.
  private static func vectors() -> [(name: String, hexadecimal: String)] {
    let path = OnlearnProcess.packageFolder + "/Documentation/WireProtocol.md"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let section = text.components(separatedBy: "## Golden vectors\n").dropFirst().joined()
    var vectors: [(name: String, hexadecimal: String)] = []
    for line in section.split(separator: "\n") {
      if line.hasPrefix("**") {
        vectors.append((line.dropFirst(2).components(separatedBy: "**")[0], ""))
      } else if line.hasPrefix("    ") {
        vectors[vectors.count - 1].hexadecimal += line.filter { $0 != " " }
      }
    }
    return vectors
  }

  /// The payload of the vector `name`.
  private func payload(_ name: String) throws -> ByteBuffer {
    let digits = try #require(Self.page.first { $0.name == name }).hexadecimal
    let bytes = try #require([UInt8](hexadecimal: digits))
    return ByteBuffer(bytes: bytes.dropFirst(FrameHeader.byteCount))
  }

  @Test func `are what we send, all of them`() throws {
    let frames = Self.handshake + (try Self.parameterServer(self)) + Self.trainServer
    let ping = try #require(frames.first { $0.name == "PING" }).frame
    let sent =
      frames.map { ($0.name, $0.frame.hexadecimal) } + [
        ("PING behind which is its checksum", ping.hexadecimalWithTrailingChecksum)
      ]
    #expect(sent.map(\.0) == Self.page.map(\.name))
    for ((name, hexadecimal), vector) in zip(sent, Self.page) {
      #expect(hexadecimal == vector.hexadecimal, "\(name)")
    }
  }

  @Test func `mean to the reader what their captions say`() throws {
    #expect(try Hello(reading: payload("HELLO")).keyID == "k1")
    #expect(try Challenge(reading: payload("CHALLENGE")).keepaliveMilliseconds == 30_000)
    #expect(try Authenticated(reading: payload("AUTH_OK")).lastAppliedSequence == 6)
    let map = try ShardMapReply(reading: payload("SHARD_MAP reply"))
    #expect(map.defaults.consistency == .stale(8) && map.defaults.workers == 4 && !map.isComplete && map.index == nil)
    for (type, name) in [(MessageType.pushDense, "PUSH_DENSE"), (.pushPull, "PUSH_PULL")] {
      var reader = MessageReader(try payload(name))
      let push = try PushRequest(Mutation(from: &reader), from: &reader, of: type) { _ in 2 }
      #expect(push.examples == 32)
      guard case .dense(0, 0, let values) = push.blocks[0] else {
        Issue.record("\(name): \(push.blocks)")
        continue
      }
      #expect(values.view.array.prefix(2) == [1, -2])
    }
    let batch = try TrainBatchRequest(reading: payload("TRAIN_BATCH"))
    #expect(batch.offsets == 100..<102 && batch.batch.y == [0, 1] && batch.source == "clicks")
  }
}

// What Swift encodes, in the order of the page.
extension `The golden vectors of the protocol's page` {
  private static let handshake: [(name: String, frame: Frame)] = {
    let hello = Hello(
      role: .worker, clientID: Identifier(bytes: Array(0x00...0x0F)), nonce: Array(0xC0...0xDF), keyID: "k1",
      features: [], build: "olp-test"
    ).payload
    var answer = Challenge(storeID: store, bootID: 7, nonce: Array(0x50...0x6F))
    (answer.isAuthenticated, answer.epoch, answer.keepaliveMilliseconds) = (true, 1, 30_000)
    let challenge = answer.payload
    let key = SharedKey(id: "k1", secret: [UInt8](repeating: 0x0B, count: 32))
    let proof = key.proof(of: .client, hello: hello, challenge: challenge)
    let authenticated = Authenticated(
      proof: key.proof(of: .server, hello: hello, challenge: challenge), lastAppliedSequence: 6, sessionNumber: 3)
    return [
      ("HELLO", Frame(.hello, payload: hello)), ("CHALLENGE", Frame(.challenge, payload: challenge)),
      ("AUTH", Frame(.authenticate, payload: ByteBuffer(bytes: proof))),
      ("AUTH_OK", Frame(.authenticated, payload: authenticated.payload)),
    ]
  }()

  private static let store = Identifier(bytes: Array(0x10...0x1F))

  private static let schema: [ParameterSpec] = {
    var adagrad = Adagrad()
    (adagrad.rate, adagrad.initialAccumulator) = (0.5, 0.125)
    return [
      ParameterSpec(
        name: "w", shape: [3, 2], optimizer: .sgd(rate: 0.25),
        initialValues: .uniform(low: -0.5, high: 0.5, key: 9, stream: 1)),
      ParameterSpec(name: "t", shape: [100, 2], kind: .table, optimizer: Optimizer(.adagrad(adagrad))),
    ]
  }()

  private static func parameterServer(_ page: Self) throws -> [(name: String, frame: Frame)] {
    var ping = MessageWriter()
    ping.integer(UInt64(0x0102_0304_0506_0708))
    var defaults = TrainingDefaults()
    (defaults.workers, defaults.consistency) = (4, .stale(8))
    let map = ShardMapReply(
      epoch: 3, defaults: defaults,
      servers: [
        .init(address: "127.0.0.1:7071", storeID: store),
        .init(address: "", storeID: Identifier(bytes: [UInt8](repeating: 0, count: 16))),
      ])
    var registered = MessageWriter()
    RegisterReply(
      prefix: ReplyPrefix(version: 8, minimumClock: 5), model: 1, isCreated: false, expectsValues: false,
      schemaHash: ModelSchema(name: "m", consistency: .stale(8), workers: 4, parameters: schema).hash
    ).write(to: &registered)
    let conversation = try trainOnce(answers: [page.payload("REGISTER_MODEL reply"), page.payload("PUSH_PULL reply")])
    let refusal = Refusal(.sequenceTooOld, detail: 6, "no")
    return [
      ("PING", Frame(.ping, requestID: 1, payload: ping.payload)), ("SHARD_MAP", Frame(.shardMap, requestID: 2)),
      ("SHARD_MAP reply", Frame(.shardMap, flags: .response, epoch: 3, requestID: 2, payload: map.payload)),
      ("REGISTER_MODEL", conversation[0].frame(sequence: 1, requestID: 6)),
      ("REGISTER_MODEL reply", Frame(.registerModel, flags: .response, requestID: 6, payload: registered.payload)),
      ("PUSH_DENSE", Frame(.pushDense, epoch: 1, requestID: 3, payload: pushDense)),
      ("PUSH_PULL", conversation[1].frame(sequence: 2, requestID: 7)), ("PULL", try pull()),
      ("PUSH_PULL reply", Frame(.pushPull, flags: .response, requestID: 7, payload: values)),
      ("Error", refusal.frame(answering: .pushDense, requestID: 3)),
    ]
  }

  /// No client of ours sends this one.
  private static var pushDense: ByteBuffer {
    var writer = MessageWriter()
    Mutation(sequence: 1, model: 1).write(to: &writer)
    for number: UInt32 in [32, 1, 0, 0, 2, 0] { writer.integer(number) }
    var gradient: [Float] = [1, -2]
    gradient.withMemoryView { writer.array($0) }
    return writer.payload
  }

  private static var values: ByteBuffer {
    var writer = MessageWriter()
    PullReply(prefix: ReplyPrefix(version: 9, minimumClock: 5, durableLSN: 1234), revision: 11).write(to: &writer)
    for var part: [Float] in [[0, 1, 2, 3, 4, 5], [-1, 1]] { part.withMemoryView { writer.array($0) } }
    return writer.payload
  }

  /// What a worker asks that registers the model and trains one step, and is answered with `answers`.
  private static func trainOnce(answers: [ByteBuffer]) throws -> [ServerRequest] {
    let links = ScriptedLinks(answers)
    var options = ParameterClient.Options()
    (options.rank, options.consistency, options.workers) = (2, .stale(8), 4)
    let client = try ParameterClient(schema, name: "m", links: links, options: options)
    var w: [Float] = [1, -2, 3, -4, 5, -6]
    var (keys, rows, next): ([Int64], [Float], [Int64]) = ([7, 99], [0.5, 1, 1.5, 2], [8])
    try w.withMemoryView { w in
      try keys.withMemoryView { keys in
        try rows.withMemoryView { rows in
          try next.withMemoryView { next in
            let push = ParameterGradients(
              gradients: [.dense(w), .rows(keys: keys, values: rows)],
              source: SourceRange(name: "clicks", begin: 64, end: 96))
            let lent = try client.exchange(push: push, pull: RowRequest(tables: [.init(parameter: 1, keys: next)]))
            #expect(lent.version == 9 && lent.parameters[0].scalars.array == [0, 1, 2, 3, 4, 5])
            #expect(lent.parameters[1].scalars[16..<18].array == [-1, 1])
          }
        }
      }
    }
    return links.requests
  }

  /// What a reader asks of a model of three tables, of which two are read by the same rows.
  private static func pull() throws -> Frame {
    let tables = (0..<3).map { ParameterSpec(name: "t\($0)", shape: [10, 1], kind: .table) }
    let described = DescribeReply(prefix: ReplyPrefix(), model: 1, schema: ModelSchema(name: "m", parameters: tables))
    var answer = MessageWriter()
    PullReply(prefix: ReplyPrefix(), revision: 1).write(to: &answer)
    var rows: [Float] = [0, 0]
    rows.withMemoryView { rows in for _ in 0..<2 { answer.array(rows) } }
    let links = ScriptedLinks([described.payload, answer.payload])
    let client = try ParameterClient(reading: "m", links: links)
    var keys: [Int64] = [3, 9]
    _ = try keys.withMemoryView { keys in
      try client.exchange(push: nil, pull: RowRequest(tables: [1, 2].map { .init(parameter: $0, keys: keys) }))
    }
    return Frame(links.requests[1].type, requestID: 4, payload: links.requests[1].payload.joined)
  }

  private static let trainServer: [(name: String, frame: Frame)] = {
    let batch = TrainBatchRequest(
      model: "mlp", source: "clicks", offsets: 100..<102,
      batch: Batch(examples: 2, x: [1, 2, 3, 4, 5, 6], y: [0, 1]))
    let trained = TrainBatchReply(
      version: 51, loss: 0.5, isDuplicate: false, stepMicroseconds: 150,
      figures: [.init(name: "accuracy", value: 0.75)])
    let score = ScoreBatchRequest(
      model: "mlp", minimumVersion: 51, deadlineMilliseconds: 20, batch: Batch(examples: 1, x: [1, 2, 3], y: []))
    let scores = ScoreBatchReply(version: 51, classes: 2, probabilities: [0.25, 0.75])
    return [
      ("TRAIN_BATCH", Frame(.trainBatch, requestID: 8, payload: batch.payload)),
      ("TRAIN_BATCH reply", Frame(.trainBatch, flags: .response, requestID: 8, payload: trained.payload)),
      ("SCORE_BATCH", Frame(.scoreBatch, requestID: 9, payload: score.payload)),
      ("SCORE_BATCH reply", Frame(.scoreBatch, flags: .response, requestID: 9, payload: scores.payload)),
    ]
  }()
}

extension ServerRequest {
  /// The frame that a session sends for it as its mutation number `sequence`.
  fileprivate func frame(sequence: UInt64, requestID: UInt64) -> Frame {
    var payload = payload.joined
    payload.setInteger(sequence, at: payload.readerIndex, endianness: .little)
    return Frame(type, flags: flags, requestID: requestID, payload: payload)
  }
}

extension Frame {
  /// The bytes on the wire, two digits each.
  fileprivate var hexadecimal: String { Self.hexadecimal([headerBytes, payload]) }

  fileprivate var hexadecimalWithTrailingChecksum: String {
    Self.hexadecimal([header.announcingChecksum.bytes, payload, FrameHeader.bytes(ofTrailing: header.payloadChecksum)])
  }

  private static func hexadecimal(_ pieces: [ByteBuffer]) -> String {
    pieces.flatMap(\.readableBytesView).hexadecimal()
  }
}
