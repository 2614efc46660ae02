import Files
import Serve
import Testing

@Suite struct `A batch validator` {
  private func batch(_ x: [Float], _ y: [Float], width: Int = 2, begin: UInt64 = 100) -> Batch {
    var batch = Batch()
    batch.resize(examples: x.count / width, width: width, labelWidth: y.isEmpty ? 0 : 1)
    batch.x = x
    batch.y = y
    batch.begin = begin
    batch.end = begin + UInt64(batch.examples)
    return batch
  }

  @Test(
    arguments: [
      ([1, .nan, 2, 3], .numbers, .notFinite, 0, 1), ([1, 2, .infinity, 3], .numbers, .notFinite, 1, 0),
      ([1, 2, 3, -.infinity], .ids(rows: 10), .notFinite, 1, 1), ([1, 2, 3, .nan], .ids(rows: 10), .notFinite, 1, 1),
      ([-1, 2, 3, 4], .ids(rows: 10), .negative, 0, 0), ([0, 10, 3, 4], .ids(rows: 10), .outsideTable(rows: 10), 0, 1),
      ([0, 1.5, 3, 4], .ids(rows: 10), .notIntegral, 0, 1), ([-3, 1.5, 3, 4], .integers, .notIntegral, 0, 1),
      ([-3, 2, 3, -0x1p24], .integers, .notExact, 1, 1), ([-3, .nan, 3, 4], .integers, .notFinite, 0, 1),
      ([0, 1, 0x1p24, 4], .ids(rows: 1 << 30), .notExact, 1, 0),
    ] as [([Float], BatchValidator.Inputs, BatchError.Reason, Int, Int)])
  func `refuses a wrong feature and names its place`(
    _ x: [Float], _ inputs: BatchValidator.Inputs, _ reason: BatchError.Reason, _ row: Int, _ column: Int
  ) throws {
    var validator = BatchValidator(width: 2, inputs: inputs, labels: .probabilities)
    let error = #expect(throws: BatchError.self) { try validator.check(batch(x, [0, 1])) }
    #expect(error?.reason == reason && error?.example == UInt64(100 + row) && error?.column == column)
    #expect(error?.isLabel == false && error?.exitStatus == .badData)
    #expect(validator.refused == 2 && validator.accepted == 0)
  }

  @Test(
    arguments: [
      ([0, 10], .classes(10), .unknownClass(count: 10)), ([0, -1], .classes(10), .unknownClass(count: 10)),
      ([0, 0.5], .classes(10), .notIntegral), ([0, .nan], .classes(10), .notFinite),
      ([0, 0.5], .integers, .notIntegral), ([0, .nan], .numbers, .notFinite),
      ([0, 1.5], .probabilities, .notProbability),
    ] as [([Float], BatchValidator.Labels, BatchError.Reason)])
  func `refuses a wrong label and names its place`(
    _ y: [Float], _ labels: BatchValidator.Labels, _ reason: BatchError.Reason
  ) throws {
    var validator = BatchValidator(width: 2, labels: labels)
    let error = #expect(throws: BatchError.self) { try validator.check(batch([1, 2, 3, 4], y)) }
    #expect(error?.reason == reason && error?.example == 101 && error?.isLabel == true)
  }

  @Test func `refuses another width and counts what passes`() throws {
    var validator = BatchValidator(width: 2, inputs: .ids(rows: 5), labels: .classes(2))
    try validator.check(batch([0, 1, 2, 4], [0, 1]))
    try validator.check(batch([0, 4], [1]))
    let wide = #expect(throws: BatchError.self) { try validator.check(batch([1, 2, 3], [0], width: 3)) }
    #expect(wide?.description == "examples of 3 features, the model takes 2")
    let unlabelled = #expect(throws: BatchError.self) { try validator.check(batch([1, 2], [])) }
    #expect(unlabelled?.description == "examples with 0 labels, the model takes 1")
    #expect(validator.accepted == 3 && validator.refused == 2)
    var scorer = BatchValidator(width: 2, labels: .unused)
    try scorer.check(batch([1, 2], []))
  }
}
