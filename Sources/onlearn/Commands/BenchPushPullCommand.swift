import ArgumentParser
import JSON
import Serve

/// Times exchanges with a parameter server.
struct BenchPushPullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push-pull",
    abstract: "Time exchanges of gradients for values with a parameter server on this machine.",
    discussion: """
      Example: onlearn bench push-pull --exchanges 1000

      The server has a thread of its own, applies plain gradient descent, and keeps no log. Beside each exchange \
      blocking sockets move as many bytes both ways, in turns; ratio is their median time by ours. Of two cores each \
      end has one. What ps-lite takes for a push and a pull was measured once, on a machine with two cores.
      """)

  @Argument(help: "What is exchanged: mlp, rows or float; by default each in turn.")
  var workloads: [String] = []

  @Option(parsing: .unconditional, help: "Exchanges of each kind to time.")
  var exchanges = 500

  @Flag(help: "Print a JSON object.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(exchanges) else {
      throw ValidationError("--exchanges must be between 1 and 1,000,000.")
    }
    let names = PushPullBenchmark.Workload.all.map(\.name)
    for name in workloads where !names.contains(name) {
      throw ValidationError("'\(name)' is none of \(names.joined(separator: ", ")).")
    }
  }

  func run() async throws { try await CommandError.reporting(measure) }

  private func measure() async throws {
    let chosen = PushPullBenchmark.Workload.all.filter { workloads.isEmpty || workloads.contains($0.name) }
    let results = try await PushPullBenchmark.run(chosen, exchanges: exchanges)
    guard !json else {
      var report = ObjectText()
      report.add("exchanges", exchanges)
      report.add("results", results.map { object($0) })
      return Output.write(report.text + "\n")
    }
    Output.write(row("", "bytes out", "bytes in", "p50 ms", "p99", "sockets", "p99", "ratio", "ps-lite", "checksum"))
    for result in results {
      Output.write(
        row(
          result.workload.name, ReadableNumber.grouped(Double(result.requestByteCount)),
          ReadableNumber.grouped(Double(result.replyByteCount)), milliseconds(result.time.median),
          milliseconds(result.time.quantile(0.99)), milliseconds(result.socketTime.median),
          milliseconds(result.socketTime.quantile(0.99)), ReadableNumber.fixed(result.ratio, 2),
          milliseconds(result.workload.psLiteMilliseconds), ReadableNumber.fixed(result.checksum, 3)))
    }
  }

  private func milliseconds(_ value: Double) -> String { ReadableNumber.fixed(value, 3) }

  private func row(_ columns: String...) -> String {
    zip(columns, [5, 11, 11, 9, 9, 9, 9, 7, 9, 14]).map { column, width in
      String(repeating: " ", count: max(1, width - column.count)) + column
    }.joined() + "\n"
  }

  private func object(_ result: PushPullBenchmark.Result) -> ObjectText {
    var object = ObjectText()
    object.add("workload", result.workload.name)
    object.add("bytes_out", result.requestByteCount)
    object.add("bytes_in", result.replyByteCount)
    for (name, time) in [("", result.time), ("sockets_", result.socketTime)] {
      object.add("\(name)p50_ms", time.median)
      object.add("\(name)p99_ms", time.quantile(0.99))
    }
    object.add("ratio", result.ratio)
    object.add("ps_lite_ms", result.workload.psLiteMilliseconds)
    object.add("checksum", result.checksum)
    return object
  }
}
