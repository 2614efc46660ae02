import ArgumentParser
import Foundation
import JSON
import PS
import Remote
import Serve
import Transport

/// Times single scores of a train server, and how soon it scores with what it has learned.
struct BenchScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Time score requests to a train server, one after another, as a client sees them.",
    discussion: """
      Example: onlearn serve --models Models --load widedeep
               onlearn bench score -m widedeep --server 127.0.0.1:7072 --data synthetic:ctr

      Says also how long the server's latest updates took until scores saw them. Run it beside
      'onlearn train -m NAME --server …' for the latency while the model learns.
      """)

  @Option(name: [.customShort("m"), .long], help: "The name of the model.")
  var model: String

  @Option(help: ArgumentHelp("The train server.", valueName: "HOST:PORT"))
  var server = "127.0.0.1:7072"

  @Option(parsing: .unconditional, help: ArgumentHelp("Where examples come from, as for train.", valueName: "SOURCE"))
  var data: String

  @Option(help: "Examples per request.")
  var batch = 1

  @Option(parsing: .unconditional, help: "Requests to time, after a tenth as many that are not.")
  var requests = 5000

  @OptionGroup var access: ServerAccessOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard batch >= 1, batch <= 1 << 16 else { throw ValidationError("--batch must be between 1 and 65536.") }
    guard requests >= 1, requests <= 1 << 24 else { throw ValidationError("--requests must be positive.") }
    do throws(AddressError) { _ = try Address(server) } catch { throw ValidationError("--server: \(error).") }
  }

  func run() async throws { try await CommandError.reporting(measure) }

  private func measure() async throws {
    let client = TrainClient(to: try Address(server), options: try access.clientOptions())
    let width = try await client.load(model).features
    var feed = try DataFeed(
      try SourceSpecification(parsing: data).open(width: width, until: StopRequest()), passes: .max)
    var examples = Batch()
    var times: [Duration] = []
    for request in -requests / 10..<requests {
      guard try feed.next(into: &examples, upTo: batch) else { break }
      let start = ContinuousClock.now
      _ = try await client.score(model, examples)
      if request >= 0 { times.append(ContinuousClock.now - start) }
    }
    let sample = TimeSample(times)
    let freshness = try await client.figures(of: model).first { $0.name == "freshness_ms.p99" }?.value
    let shares = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1)].map { ($0, sample.quantile($1)) }
    if json {
      var object = ObjectText()
      object.add("requests", times.count)
      for (name, value) in shares { object.add("\(name)_ms", value) }
      object.add("freshness_p99_ms", freshness)
      Output.write(object.text + "\n")
    } else {
      let figures = shares.map { "\($0.0) \(ReadableNumber.fixed($0.1, 3)) ms" }.joined(separator: ", ")
      Output.write("\(times.count) scores of \(batch): \(figures)\n")
      if let freshness {
        Output.write("scores saw updates after p99 \(ReadableNumber.fixed(freshness, 1)) ms, as the server tells\n")
      }
    }
  }
}
