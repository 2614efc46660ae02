public import Kernels

/// How far predicted numbers are from what they should be.
public struct PredictionErrors: Sendable {
  /// The examples that were compared.
  public private(set) var examples = 0.0

  private var numbers = 0.0
  private var absolute = 0.0
  private var squared = 0.0

  /// Nothing is compared yet.
  public init() {}

  /// Compares the predictions for `examples` examples with their labels, if there is one for each.
  public mutating func record(_ predictions: MemoryView<Float>, labels: [Float], examples: Int) {
    guard predictions.count == labels.count else { return }
    for (index, label) in labels.enumerated() {
      let error = Double(predictions[index]) - Double(label)
      absolute += error.magnitude
      squared += error * error
    }
    numbers += Double(labels.count)
    self.examples += Double(examples)
  }

  /// The mean absolute error and the root of the mean squared one; none if nothing was compared.
  public var named: [(name: String, value: Double)] {
    guard numbers > 0 else { return [] }
    return [("mae", absolute / numbers), ("rmse", (squared / numbers).squareRoot())]
  }
}
