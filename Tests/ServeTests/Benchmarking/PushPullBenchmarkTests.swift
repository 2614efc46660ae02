import Parameters
import Serve
import Testing

@Suite struct `A benchmark of exchanges` {
  @Test func `moves the gradients of tensors and rows, and tells times and bytes of both sides`() async throws {
    let workload = PushPullBenchmark.Workload(
      name: "small",
      parameters: [
        ParameterSpec(name: "w", shape: [30, 4]), ParameterSpec(name: "t", shape: [20, 3], kind: .table),
      ], rows: 10, psLiteMilliseconds: 1)
    let result = try #require(try await PushPullBenchmark.run([workload], exchanges: 3).first)
    // The tensor and the rows each way, and the rows' keys of both push and pull one way.
    let values = 4 * (120 + 10 * 3)
    #expect((values + 2 * 8 * 10...values + 500).contains(result.requestByteCount))
    #expect((values...values + 200).contains(result.replyByteCount))
    #expect(result.time.minimum > 0 && result.socketTime.minimum > 0 && result.ratio > 0)
    #expect(result.time.median <= result.time.quantile(0.99) && result.time.quantile(1) == result.time.maximum)
    #expect(result.checksum != 0)
  }
}
