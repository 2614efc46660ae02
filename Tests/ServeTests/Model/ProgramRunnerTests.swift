import Graph
import Kernels
import Serve
import Testing

@Suite struct `A runner of a program at any batch size` {
  private let model: Model

  init() throws { model = try Model(configPath: SmallService.folder + "/mlp_small.json") }

  private func runner(byteLimit: Int = .max) -> ProgramRunner {
    ProgramRunner(model.trainingProgram, pool: LanePool(lanes: 1), byteLimit: byteLimit)
  }

  @Test func `keeps the eight sizes that were used last`() throws {
    let runner = runner()
    let first = try (1...8).map { try runner.executor(batch: $0) }
    #expect(try runner.executor(batch: 1) === first[0])
    _ = try runner.executor(batch: 9)
    #expect(try runner.executor(batch: 1) === first[0])
    for batch in 3...8 { #expect(try runner.executor(batch: batch) === first[batch - 1]) }
    #expect(try runner.executor(batch: 2) !== first[1])
  }

  @Test func `lets go of those used longest ago when they take too much memory together`() throws {
    let sizes = try [100, 101, 102].map { try runner().executor(batch: $0).plan.arenaByteCount }
    let bounded = runner(byteLimit: sizes.reduce(-1, +))
    let (first, second) = (try bounded.executor(batch: 100), try bounded.executor(batch: 101))
    #expect(try bounded.executor(batch: 100) === first)
    _ = try bounded.executor(batch: 102)
    #expect(try bounded.executor(batch: 100) === first)
    #expect(try bounded.executor(batch: 101) !== second)
  }

  @Test func `keeps the size that was used last whatever it takes`() throws {
    let runner = runner(byteLimit: 0)
    let small = try runner.executor(batch: 1)
    let large = try runner.executor(batch: 1000)
    #expect(try runner.executor(batch: 1000) === large)
    #expect(try runner.executor(batch: 1) !== small)
  }
}
