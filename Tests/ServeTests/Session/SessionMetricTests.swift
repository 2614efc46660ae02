import Kernels
import Serve
import TestSupport
import Testing

/// The bundled logistic regression observes an area under the curve, kept in variables from call to call.
@Suite struct `Metric state of a session` {
  private func area(steps: Int, keeping: Bool) throws -> Double {
    let session = try Session(
      configPath: OnlearnProcess.packageFolder + "/Models/lr.json", pool: LanePool(lanes: 1))
    var generator = SplitMix64(seed: 3)
    let x = (0..<64 * 39).map { Float($0 % 39 << 10 | Int(generator.next() % 8)) }
    let y = (0..<64).map { _ in Float(generator.next() % 2) }
    var options = Session.Options()
    options.trainingSteps = steps
    options.learningRate = 20
    options.keepsMetricState = keeping
    let result = try session.run(
      feeds: [
        ("input_x", NpyArray(shape: [64, 39], values: .float32(x))),
        ("input_y", NpyArray(shape: [64, 1], values: .float32(y))),
      ], fetches: ["auc_value"], options: options)
    return Double(try #require(result.arrays[0].floats)[0])
  }

  @Test func `starts anew at the fetches, unless it is kept over the steps`() throws {
    let before = try area(steps: 0, keeping: true)
    let after = try area(steps: 1, keeping: false)
    let both = try area(steps: 1, keeping: true)
    #expect(before != after)
    #expect(both > min(before, after) && both < max(before, after))
  }
}
