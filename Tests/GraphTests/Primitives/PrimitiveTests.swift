import Foundation
import Graph
import TestSupport
import Testing

@Suite struct `Every primitive` {
  static let smooth = OpSample.all.filter { $0.smoothness >= .once }
  static let smoothTwice = OpSample.all.filter { $0.smoothness == .twice }

  @Test(arguments: smooth, [1, 2] as [UInt64])
  func `has a pullback that agrees with central differences`(_ sample: OpSample, _ seed: UInt64) throws {
    let check = try PullbackCheck(sample)
    for batch in [1, 3] {
      let found = try check.discrepancies(batch: batch, seed: seed)
      #expect(found.isEmpty, "batch \(batch): \(found)")
    }
  }

  @Test(arguments: smoothTwice)
  func `that is smooth has a gradient with a gradient`(_ sample: OpSample) throws {
    let found = try PullbackCheck(sample).derivative().discrepancies(batch: 3, seed: 3, tolerance: 1e-5)
    #expect(found.isEmpty, "\(found)")
  }

  @Test(arguments: OpSample.all, [DType.float32, .float64])
  func `gives the same for any tile size and any number of lanes`(_ sample: OpSample, _ precision: DType) throws {
    let slack = precision == .float32 ? 2e-4 : 1e-10
    var programs = [(try sample.program(precision), sample.inputs)]
    if sample.smoothness >= .once {
      let check = try PullbackCheck(sample)
      programs.append((try check.program(precision), check.inputs))
    }
    for (program, inputs) in programs {
      let check = PullbackCheck(inputs) { try $0.number(0) }
      for batch in [1, 7, 64] {
        let feeds = check.feeds(batch: batch, precision, seed: UInt64(batch))
        let expected = try program.evaluatedNaively(batch: batch, feeds: feeds)
        for lanes in [1, 2] {
          for tile in Set([1, 3, batch]).sorted() {
            let options = ProgramRunner.Options(batch: batch, lanes: lanes, tile: tile)
            let found = try program.evaluated(options, feeds: feeds)
            for (name, tensor) in found {
              let reference = try #require(expected[name])
              #expect(
                tensor.isClose(to: reference, relative: slack / 10, absolute: slack),
                "\(options), \(name): \(tensor), computed naively \(reference)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: OpSample.all)
  func `computes in single precision what it computes in double`(_ sample: OpSample) throws {
    let check = try PullbackCheck(sample)
    let isSmooth = sample.smoothness >= .once
    let programs = try [DType.float32, .float64].map {
      isSmooth ? try check.program($0) : try sample.program($0)
    }
    // Random numbers of another precision are other numbers.
    guard programs[0].nodes.allSatisfy({ $0.primitive.isDeterministic }) else { return }
    let options = ProgramRunner.Options(batch: 5)
    let single = try programs[0].evaluated(options, feeds: check.feeds(batch: 5, .float32, seed: 7))
    let double = try programs[1].evaluated(options, feeds: check.feeds(batch: 5, .float64, seed: 7))
    for (name, tensor) in single {
      let reference = try #require(double[name])
      guard tensor.dtype == .float32 else {
        #expect(tensor.values.count == reference.values.count)
        if tensor.dtype == reference.dtype { #expect(tensor == reference || tensor.values.contains { $0.isNaN }) }
        continue
      }
      #expect(
        tensor.isClose(to: reference.cast(to: .float32), relative: 1e-5, absolute: 1e-5),
        "\(name): \(tensor), in double precision \(reference)")
    }
  }

  @Test func `has a sample`() throws {
    var sampled: Set<String> = []
    for sample in OpSample.all {
      for node in try sample.program(.float32).nodes { sampled.insert(String(describing: type(of: node.primitive))) }
    }
    let declared = try Self.declaredPrimitives()
    #expect(declared.count > 20)
    let missing = declared.filter { !sampled.contains($0) }
    #expect(missing.isEmpty, "without a sample: \(missing)")
  }

  /// The names of the types that the sources declare as primitives.
  private static func declaredPrimitives() throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    let folder = root.appending(path: "Sources/Graph/Primitives").standardized
    var names: [String] = []
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split { $0 == " " || $0 == ":" || $0 == "," || $0 == "{" }
        guard let keyword = words.firstIndex(of: "struct"), words.count > keyword + 2,
          words[(keyword + 2)...].contains("Primitive")
        else { continue }
        names.append(String(words[keyword + 1]))
      }
    }
    return names.sorted()
  }
}
