package import Graph
import Kernels

/// A real function of tensors, as a program that computes it together with its gradient, to compare with differences.
package struct PullbackCheck {
  /// A gradient that is not what differences say.
  package struct Discrepancy: CustomStringConvertible {
    package let description: String
  }

  /// The function's arguments, called `x0` and so on.
  package private(set) var inputs: [OpSample.Input]
  /// Makes the function's value from its arguments.
  private let makeValue: (OpSample.Operands) throws -> Value

  /// The sum of all results of `sample`, each element with a weight of its own, which are arguments too.
  package init(_ sample: OpSample) throws {
    let program = try sample.program(.float64)
    let operandCount = sample.inputs.count
    inputs = sample.inputs
    for output in program.outputs where program.types[output.value].dtype.isFloatingPoint {
      inputs.append(.real(program.types[output.value].shape))
    }
    makeValue = { operands in
      let own = OpSample.Operands(
        builder: operands.builder, values: Array(operands.values[..<operandCount]), precision: operands.precision)
      let results = try sample.apply(own).filter { $0.dtype.isFloatingPoint }
      return try Self.weightedSum(results, operands.values[operandCount...], in: operands)
    }
  }

  /// The function `value` of `inputs`.
  package init(_ inputs: [OpSample.Input], _ value: @escaping (OpSample.Operands) throws -> Value) {
    self.inputs = inputs
    makeValue = value
  }

  /// The derivative of this function along a direction, which is an argument too.
  package func derivative() -> PullbackCheck {
    let count = inputs.count
    let differentiated = inputs.indices.filter { inputs[$0].isDifferentiated }
    let directions = differentiated.map { OpSample.Input.real(inputs[$0].shape, in: -1...1) }
    return PullbackCheck(inputs + directions) { operands in
      let own = OpSample.Operands(
        builder: operands.builder, values: Array(operands.values[..<count]), precision: operands.precision)
      let gradients = try Self.gradients(of: makeValue(own), differentiated.map { own[$0] })
      var used: [Value] = []
      var weights: [Value] = []
      for (gradient, direction) in zip(gradients, operands.values[count...]) {
        guard let gradient else { continue }
        used.append(gradient)
        weights.append(direction)
      }
      return try Self.weightedSum(used, weights[...], in: operands)
    }
  }

  private static func weightedSum(
    _ values: [Value], _ weights: ArraySlice<Value>, in operands: OpSample.Operands
  ) throws -> Value {
    var total = try operands.number(0)
    for (value, weight) in zip(values, weights) {
      let product = try value.multiplied(by: weight)
      total = try total.adding(product.summed(over: AxisSet(axes: 0..<product.shape.rank)))
    }
    return total
  }

  /// The gradients of `value` as tensors, `nil` where it does not depend on a parameter.
  package static func gradients(of value: Value, _ parameters: [Value]) throws -> [Value?] {
    let gradients = try value.builder.gradients(of: value, withRespectTo: parameters)
    return try zip(gradients, parameters).map { gradient, parameter in
      switch gradient {
      case .dense(let value): value
      case .rows(let indices, let values): try indices.scattering(values, into: parameter.type)
      case nil: nil
      }
    }
  }

  /// The program with the outputs `value` and `gradient0` and so on, one for each argument that has one.
  package func program(_ precision: DType) throws -> Program {
    let builder = ProgramBuilder()
    let values = inputs.enumerated().map { index, input in
      builder.input("x\(index)", input.type(precision), role: input.shape.isFixed ? .parameter : .data)
    }
    let value = try makeValue(OpSample.Operands(builder: builder, values: values, precision: precision))
    var outputs: [(name: String, value: Value)] = [("value", value)]
    let differentiated = inputs.indices.filter { inputs[$0].isDifferentiated }
    let gradients = try Self.gradients(of: value, differentiated.map { values[$0] })
    for (index, gradient) in zip(differentiated, gradients) {
      if let gradient { outputs.append(("gradient\(index)", gradient)) }
    }
    return builder.program(outputs)
  }

  /// Arguments for `batch` examples, by name.
  package func feeds(batch: Int, _ precision: DType, seed: UInt64) -> [String: HostTensor] {
    var random = SplitMix64(seed: seed)
    var feeds: [String: HostTensor] = [:]
    for (index, input) in inputs.enumerated() { feeds["x\(index)"] = input.draw(batch: batch, precision, &random) }
    return feeds
  }

  /// Compares the gradient with central differences along one random direction per argument, in double precision.
  package func discrepancies(
    batch: Int, seed: UInt64, step: Double = 1e-5, tolerance: Double = 1e-6
  ) throws -> [Discrepancy] {
    let program = try program(.float64)
    let options = ProgramRunner.Options(batch: batch, tile: min(batch, 2))
    let feeds = feeds(batch: batch, .float64, seed: seed)
    let runner = try ProgramRunner(program, options, feeds: feeds)
    try runner.run()
    let value = try runner.output("value").scalar
    let gradients = runner.outputs
    var random = SplitMix64(seed: seed &+ 0x5EED)
    var found: [Discrepancy] = []
    for index in inputs.indices where inputs[index].isDifferentiated {
      let name = "x\(index)"
      let point = feeds[name]!
      let direction = point.values.map { _ in Double.random(in: -1...1, using: &random) }
      let gradient = gradients["gradient\(index)"]
      if let gradient, gradient.shape != point.shape {
        found.append(Discrepancy(description: "the gradient of \(name) \(point.shape) has shape \(gradient.shape)"))
        continue
      }
      var (analytic, scale) = (0.0, 0.0)
      for (g, v) in zip(gradient?.values ?? [], direction) {
        analytic += g * v
        scale += (g * v).magnitude
      }
      guard program.usedInputs[program.input(name)!] else { continue }
      var sides: [Double] = []
      for sign in [1.0, -1.0] {
        let moved = zip(point.values, direction).map { $0 + sign * step * $1 }
        try runner.feed(HostTensor(.float64, point.shape, moved), as: name)
        try runner.run()
        sides.append(try runner.output("value").scalar)
      }
      try runner.feed(point, as: name)
      let numeric = (sides[0] - sides[1]) / (2 * step)
      // Rounding of the value itself, magnified by the division, bounds what differences can tell.
      let slack = tolerance * scale + 1e-8 * (1 + value.magnitude)
      if !((numeric - analytic).magnitude <= slack) {
        let detail = "the gradient of \(name) along a direction is \(analytic), differences say \(numeric)"
        found.append(Discrepancy(description: detail))
      }
    }
    return found
  }
}
