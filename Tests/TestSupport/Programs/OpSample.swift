package import Graph
package import Kernels

/// An application of a primitive to try: what goes in, and how it is applied.
///
/// Tests run every sample at several batch sizes and tilings, in single and double precision, and compare its gradients
/// with differences. A primitive without a sample fails a test.
package struct OpSample: Sendable, CustomStringConvertible {
  /// How often the application can be differentiated where it is sampled.
  package enum Smoothness: Int, Sendable, Comparable {
    /// It has no gradient, or one that differences do not show.
    case none
    /// Its gradient may have kinks.
    case once
    /// Its gradient has a gradient.
    case twice

    package static func < (a: Smoothness, b: Smoothness) -> Bool { a.rawValue < b.rawValue }
  }

  /// One operand.
  package struct Input: Sendable {
    /// What the elements are.
    package enum Content: Sendable {
      /// Numbers drawn from a range; differentiated.
      case real(ClosedRange<Double>)
      /// Numbers drawn from a range; not differentiated.
      case fixed(ClosedRange<Double>)
      /// These numbers in turn; not differentiated.
      case numbers([Double])
      /// Integers drawn from a range.
      case integers(ClosedRange<Int>)
    }

    /// What the elements are.
    package var content: Content
    /// The extents.
    package var shape: Shape
    /// The element type, or `nil` for the precision at hand.
    package var dtype: DType?

    /// Numbers in `range` that the gradient is taken with respect to.
    package static func real(_ shape: Shape, in range: ClosedRange<Double> = -2...2) -> Input {
      Input(content: .real(range), shape: shape)
    }

    /// Numbers in `range` that no gradient is taken with respect to.
    package static func fixed(_ shape: Shape, in range: ClosedRange<Double> = -2...2) -> Input {
      Input(content: .fixed(range), shape: shape)
    }

    /// `numbers` in turn.
    package static func numbers(_ shape: Shape, _ numbers: [Double], _ dtype: DType? = nil) -> Input {
      Input(content: .numbers(numbers), shape: shape, dtype: dtype)
    }

    /// Integers in `range`.
    package static func integers(_ shape: Shape, in range: ClosedRange<Int>, _ dtype: DType = .int32) -> Input {
      Input(content: .integers(range), shape: shape, dtype: dtype)
    }

    /// Truth values.
    package static func truth(_ shape: Shape) -> Input {
      Input(content: .integers(0...1), shape: shape, dtype: .bool)
    }

    /// Whether gradients are taken with respect to the operand.
    package var isDifferentiated: Bool {
      if case .real = content { true } else { false }
    }

    /// The operand's type where `precision` is that of real numbers.
    package func type(_ precision: DType) -> TensorType { TensorType(dtype ?? precision, shape) }

    /// Elements for `batch` examples, drawn from `random`; numbers are exact in single precision.
    package func draw(batch: Int, _ precision: DType, _ random: inout SplitMix64) -> HostTensor {
      let extents = shape.extents.map { $0.value(batch: batch)! }
      let values = (0..<extents.reduce(1, *)).map { index in
        switch content {
        case .real(let range), .fixed(let range): Double(Float(Double.random(in: range, using: &random)))
        case .numbers(let numbers): numbers[index % numbers.count]
        case .integers(let range): Double(Int.random(in: range, using: &random))
        }
      }
      return HostTensor(dtype ?? precision, extents, values)
    }
  }

  /// What a sample's closure sees.
  package struct Operands {
    /// The program being built.
    package let builder: ProgramBuilder
    /// The operands.
    package let values: [Value]
    /// The type of real numbers.
    package let precision: DType

    /// The operand at `index`.
    package subscript(index: Int) -> Value { values[index] }

    /// A constant.
    package func number(_ number: Double) throws -> Value { try Value.constant(number, precision, in: builder) }
  }

  /// What tells the sample apart.
  package let name: String
  /// The operands.
  package let inputs: [Input]
  /// How often it can be differentiated.
  package let smoothness: Smoothness
  /// The results of the primitive that is sampled.
  package let apply: @Sendable (Operands) throws -> [Value]

  /// A sample with several results.
  package init(
    several name: String, _ inputs: [Input], _ smoothness: Smoothness = .twice,
    results: @escaping @Sendable (Operands) throws -> [Value]
  ) {
    self.name = name
    self.inputs = inputs
    self.smoothness = smoothness
    apply = results
  }

  /// A sample with one result.
  package init(
    _ name: String, _ inputs: [Input], _ smoothness: Smoothness = .twice,
    _ result: @escaping @Sendable (Operands) throws -> Value
  ) {
    self.init(several: name, inputs, smoothness, results: { [try result($0)] })
  }

  package var description: String { name }

  /// All samples.
  package static let all: [OpSample] =
    unary + binary + comparisons + reductions + matrices + batchedMatrices + movement + slices + rows + places + neural
    + images + sources

  /// The operands as inputs of `builder`.
  package func makeInputs(in builder: ProgramBuilder, _ precision: DType) -> Operands {
    let values = inputs.enumerated().map { index, input in
      builder.input("x\(index)", input.type(precision), role: input.shape.isFixed ? .parameter : .data)
    }
    return Operands(builder: builder, values: values, precision: precision)
  }

  /// The program that computes the sample's results, `y0` and so on.
  package func program(_ precision: DType) throws -> Program {
    let builder = ProgramBuilder()
    let results = try apply(makeInputs(in: builder, precision))
    return builder.program(results.enumerated().map { ("y\($0)", $1) })
  }

  /// Operands for `batch` examples, by name.
  package func feeds(batch: Int, _ precision: DType, seed: UInt64) -> [String: HostTensor] {
    var random = SplitMix64(seed: seed)
    var feeds: [String: HostTensor] = [:]
    for (index, input) in inputs.enumerated() { feeds["x\(index)"] = input.draw(batch: batch, precision, &random) }
    return feeds
  }
}
