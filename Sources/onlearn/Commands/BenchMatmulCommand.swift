public import ArgumentParser
import JSON
import Kernels
public import Serve

/// Times products of matrices.
struct BenchMatmulCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matmul",
    abstract: "Time the product of matrices beside a bare cblas_sgemm on the same memory.",
    discussion: """
      Examples: onlearn bench matmul --sizes 64,256,1024 --threads 2
                onlearn bench matmul --shape 1024x500x784 --transpose tn

      Both take turns; speeds are medians in 10^9 operations per second.
      """)

  @Option(help: ArgumentHelp("Sizes of square matrices; by default 64,256,1024.", valueName: "N,…"))
  var sizes: String?

  @Option(help: ArgumentHelp("A product [M, K] × [K, N].", valueName: "MxNxK"))
  var shape: [String] = []

  @Option(help: "Which operands are stored transposed: nn, nt, tn or tt; by default each in turn.")
  var transpose: MatmulBenchmark.Transposition?

  @Option(
    parsing: .unconditional, help: "Threads that OpenBLAS uses; by default one, as each lane of a training step does.")
  var threads = 1

  @Flag(help: "Print a JSON object.")
  var json = false

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads must be between 1 and 1024.") }
    _ = try shapes()
  }

  private func shapes() throws -> [MatmulBenchmark.Shape] {
    let limit = MatmulBenchmark.Shape.limit
    var result: [MatmulBenchmark.Shape] = []
    for text in (sizes ?? (shape.isEmpty ? "64,256,1024" : "")).split(separator: ",") {
      guard let size = Int(text), (1...limit).contains(size) else {
        throw ValidationError("--sizes must be numbers from 1 to \(limit), with commas between them.")
      }
      result.append(MatmulBenchmark.Shape(m: size, n: size, k: size))
    }
    for text in shape {
      guard let shape = MatmulBenchmark.Shape(parsing: text) else {
        throw ValidationError("--shape must be MxNxK, each from 1 to \(limit).")
      }
      result.append(shape)
    }
    return result
  }

  func run() throws {
    for notice in BLASCore.notices { Output.error("onlearn: \(notice)") }
    LinearAlgebra.blasThreadCount = threads
    let transpositions = transpose.map { [$0] } ?? MatmulBenchmark.Transposition.allCases
    var rows: [ObjectText] = []
    if !json {
      Output.write(
        "OpenBLAS for \(BLASCore.current.name), \(threads == 1 ? "one thread" : "\(threads) threads"); GFLOP/s\n"
          + row("MxNxK", "", "onlearn", "cblas_sgemm", "ratio", "checksum"))
    }
    for shape in try shapes() {
      for transposition in transpositions {
        let result = MatmulBenchmark(shape, transposition).run()
        if json {
          rows.append(object(result))
        } else {
          let speeds = [result.gigaflops, result.bareGigaflops].map { ReadableNumber.fixed($0, 1) }
          Output.write(
            row(
              "\(shape)", transposition.rawValue, speeds[0], speeds[1], ReadableNumber.fixed(result.ratio, 3),
              ReadableNumber.fixed(result.checksum, 3)))
        }
      }
    }
    guard json else { return }
    var report = ObjectText()
    report.add("core", BLASCore.current.name)
    report.add("threads", threads)
    report.add("results", rows)
    Output.write(report.text + "\n")
  }

  private func row(_ columns: String...) -> String {
    zip(columns, [16, 3, 9, 12, 7, 14]).map { column, width in
      String(repeating: " ", count: max(1, width - column.count)) + column
    }.joined() + "\n"
  }

  private func object(_ result: MatmulBenchmark.Result) -> ObjectText {
    var object = ObjectText()
    object.add("m", result.shape.m)
    object.add("n", result.shape.n)
    object.add("k", result.shape.k)
    object.add("transpose", result.transposition.rawValue)
    object.add("gflops", result.gigaflops)
    object.add("cblas_sgemm_gflops", result.bareGigaflops)
    object.add("ratio", result.ratio)
    object.add("checksum", result.checksum)
    return object
  }
}

extension MatmulBenchmark.Transposition: ExpressibleByArgument {}
