import Kernels
import NIOCore
import PS
import Remote
import Serve
import Testing
import Wire

@Suite struct `Messages of a train server` {
  private static let train = TrainBatchRequest(
    model: "mlp", source: "clicks-7", offsets: 5..<7, deadlineMilliseconds: 250,
    batch: Batch(examples: 2, x: [1, 2, 3, 4, 5, 6], y: [0, 1]))

  private static func bytes(_ buffer: ByteBuffer) -> [UInt8] { Array(buffer.readableBytesView) }

  @Test func `come back as they were sent`() throws {
    let train = try TrainBatchRequest(reading: Self.train.payload)
    #expect(train.batch.x == Self.train.batch.x && train.batch.y == [0, 1] && train.offsets == 5..<7)
    #expect(train.source == "clicks-7" && train.deadlineMilliseconds == 250 && train.model == "mlp")
    let score = ScoreBatchRequest(model: "fm", minimumVersion: 9, batch: Batch(examples: 1, x: [1.5], y: []))
    let read = try ScoreBatchRequest(reading: score.payload)
    #expect(read.batch.x == [1.5] && read.minimumVersion == 9)
    let reply = TrainBatchReply(
      version: 3, loss: 0.5, isDuplicate: false, stepMicroseconds: 12, figures: [.init(name: "all.loss", value: 0.25)])
    #expect(try TrainBatchReply(reading: reply.payload) == reply)
    let scores = ScoreBatchReply(version: 3, classes: 2, probabilities: [0.25, 0.75])
    #expect(try ScoreBatchReply(reading: scores.payload) == scores)
  }

  /// What lies behind the first 16 MiB of a message is copied before it is read.
  @Test func `come back as they were sent when they are long`() throws {
    let count = 5 << 20
    let labels = (0..<count).map { Float($0 % 3) }
    let batch = Batch(examples: count, x: [Float](repeating: 0.5, count: count), y: labels)
    let read = try TrainBatchRequest(reading: TrainBatchRequest(model: "lr", batch: batch).payload)
    #expect(read.batch.y == labels && read.batch.x == batch.x)
  }

  @Test func `are refused when they are cut anywhere, or have more`() {
    let whole = Self.bytes(Self.train.payload)
    for count in 0..<whole.count {
      #expect(throws: Refusal.self) { try TrainBatchRequest(reading: ByteBuffer(bytes: whole.prefix(count))) }
    }
    #expect(throws: Refusal.self) { try TrainBatchRequest(reading: ByteBuffer(bytes: whole + [0])) }
  }

  @Test func `never trap, whatever they hold`() throws {
    let whole = Self.bytes(Self.train.payload)
    var generator = SplitMix64(seed: 3)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = [0, 1, 0x7f, 0x80, 0xff].randomElement(
          using: &generator)!
      }
      if (try? TrainBatchRequest(reading: ByteBuffer(bytes: bytes))) != nil { accepted += 1 }
      _ = try? ScoreBatchRequest(reading: ByteBuffer(bytes: bytes))
      _ = try? ScoreBatchReply(reading: ByteBuffer(bytes: bytes))
    }
    #expect(accepted > 0 && accepted < 20_000)
  }
}
