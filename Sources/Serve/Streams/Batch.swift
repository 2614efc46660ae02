/// Some examples in the order of their stream: inputs, labels, and where in the stream they lie.
///
/// One batch is filled again and again, so its memory is taken once.
public struct Batch: Sendable {
  /// The number of examples.
  public private(set) var examples = 0
  /// The features of one example.
  public private(set) var width = 0
  /// The labels of one example: 1 as a rule, 0 if the source has none.
  public private(set) var labelWidth = 0
  /// The features, row-major, `[examples, width]`.
  public var x: [Float] = []
  /// The labels, row-major, `[examples, labelWidth]`.
  public var y: [Float] = []
  /// The offset of the first example.
  public var begin: UInt64 = 0
  /// The offset after the last example; the next batch begins here.
  public var end: UInt64 = 0

  /// An empty batch.
  public init() {}

  /// A batch of `examples` with the features `x` and the labels `y`, which may be empty.
  public init(examples: Int, x: [Float], y: [Float]) {
    precondition(examples >= 0 && x.count % max(1, examples) == 0 && y.count % max(1, examples) == 0, "ragged examples")
    self.examples = examples
    width = examples == 0 ? 0 : x.count / examples
    labelWidth = examples == 0 ? 0 : y.count / examples
    self.x = x
    self.y = y
  }

  /// True if every example has a label.
  public var hasLabels: Bool { labelWidth > 0 }

  /// Makes room for `examples` examples; what `x` and `y` hold is then unspecified.
  ///
  /// - Complexity: Allocates only when the batch becomes larger than it ever was.
  public mutating func resize(examples: Int, width: Int, labelWidth: Int) {
    precondition(examples >= 0 && width >= 0 && labelWidth >= 0, "a batch of \(examples) × \(width) and \(labelWidth)")
    self.examples = examples
    self.width = width
    self.labelWidth = labelWidth
    Self.resize(&x, to: examples * width)
    Self.resize(&y, to: examples * labelWidth)
  }

  /// Keeps the first `examples` examples, with their features and labels.
  package mutating func shrink(to examples: Int) {
    precondition(examples <= self.examples, "\(examples) of \(self.examples) examples")
    resize(examples: examples, width: width, labelWidth: labelWidth)
  }

  private static func resize(_ array: inout [Float], to count: Int) {
    if array.count > count {
      array.removeLast(array.count - count)
    } else if array.count < count {
      array.append(contentsOf: repeatElement(0, count: count - array.count))
    }
  }
}
