import Kernels
import Serve
import Testing

@Suite struct `The area under the curve` {
  @Test(
    arguments: [
      ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75), ([1, 1, 1, 1], [0, 1, 0, 1], 0.5), ([2, 1], [0, 1], 0),
      ([-3, -1, -2, 0.5], [0, 1, 0, 1], 1), ([-0.0, 0, 1, -1], [1, 0, 1, 0], 0.875),
      ([.infinity, -.infinity, 0], [1, 0, 0], 1), ([1], [1], nil), ([1, 2], [0, 0], nil), ([], [], nil),
      ([.nan, 1], [0, 1], nil),
    ] as [([Float], [Float], Double?)])
  func `is the chance of ranking right`(_ scores: [Float], _ labels: [Float], _ expected: Double?) {
    var curve = AreaUnderCurve()
    #expect(curve.area(scores, labels) == expected)
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func `equals the count of all pairs`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var curve = AreaUnderCurve()
    for count in [2, 3, 50, 400] {
      let labels = (0..<count).map { $0 < 2 ? Float($0) : Float(generator.next(below: 2)) }
      let scores = (0..<count).map { _ in Float(generator.next(below: 40)) / 7 - 2 }
      var won = 0.0
      var pairs = 0.0
      for i in 0..<count where labels[i] == 1 {
        for j in 0..<count where labels[j] == 0 {
          won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
          pairs += 1
        }
      }
      #expect(curve.area(scores, labels) == won / pairs)
    }
  }
}
