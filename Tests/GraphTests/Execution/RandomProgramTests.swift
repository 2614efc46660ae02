import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `A network drawn at random` {
  /// Tiles, lanes, stages, memory used again and results written over operands: none of it may show.
  @Test(arguments: 1...120 as ClosedRange<UInt64>)
  func `gives in tiles what it gives node by node`(_ seed: UInt64) throws {
    let (program, feeds) = try RandomProgram.make(seed: seed)
    for batch in [1, 7] {
      let feeds = feeds(batch)
      let expected = try program.evaluatedNaively(batch: batch, feeds: feeds)
      for lanes in [1, 2] {
        for tile in Set([1, 2, 3, batch]).filter({ $0 <= batch }).sorted() {
          let runner = try ProgramRunner(program, .init(batch: batch, lanes: lanes, tile: tile), feeds: feeds)
          // The second run finds the memory as the first left it.
          for _ in 0..<2 { try runner.run() }
          for (name, tensor) in runner.outputs {
            let reference = try #require(expected[name])
            #expect(
              tensor.isClose(to: reference, relative: 1e-9, absolute: 1e-11),
              "batch \(batch), lanes \(lanes), tile \(tile), \(name): \(tensor), naively \(reference)\n\(program)")
          }
        }
      }
    }
  }

  @Test func `exercises tiles, stages and memory used again`() throws {
    var kinds: [String: Int] = [:]
    for seed in 1...120 as ClosedRange<UInt64> {
      let program = try RandomProgram.make(seed: seed).program
      let schedule = BatchSchedule(program)
      for role in schedule.roles { kinds["\(role)", default: 0] += 1 }
      if !schedule.wholeBatchNodes.isEmpty { kinds["whole batch", default: 0] += 1 }
      if Set(schedule.stages.filter(BatchSchedule.isTiled)).count > 1 { kinds["several tiled stages", default: 0] += 1 }
      if schedule.sumsReadByTiles(of: program) > 0 { kinds["sums read by tiles", default: 0] += 1 }
      let plan = try Plan(program, batch: 7, options: Plan.Options(lanes: 1, tile: 7))
      let needed = program.nodes.flatMap(\.results).reduce(0) { sum, value in
        sum + (program.types[value].shape.dimensions(batch: 7)?.count ?? 0) * 8
      }
      if plan.arenaByteCount < needed / 2 { kinds["memory used again", default: 0] += 1 }
      var options = Plan.Options(lanes: 2, tile: 7)
      options.sharesShortWork = true
      let parts = try Plan(program, batch: 1, options: options).partitionCount
      if parts > 0 { kinds["partitions", default: 0] += 1 }
    }
    for kind in [
      "whole", "perExample", "sum", "whole batch", "several tiled stages", "sums read by tiles", "memory used again",
      "partitions",
    ] {
      #expect(kinds[kind, default: 0] > 10, "\(kind): \(kinds)")
    }
  }
}
