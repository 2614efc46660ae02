import Graph
import GraphDefImport
import Kernels

/// Compares our gradients with central differences of the loss along random directions, all in double precision.
struct FiniteDifferences {
  /// The largest element of any gradient.
  private(set) var scale = 0.0

  private let loss: Executor
  private let seed: UInt64
  private let bound: [Int: OwnedTensor]
  private var gradients: [String: Gradient] = [:]
  private var generator: SplitMix64

  private static let directionCount = 2
  /// The best step depends on curvature, on rounding and on how near kinks are: several are tried.
  private static let steps = [1e-6, 1e-7, 1e-8, 1e-5, 1e-4]
  /// An error that needs no other step.
  private static let goodError = 1e-6
  /// What rounding leaves of a derivative that is zero, relative to the largest gradient.
  private static let roundingFloor = 1e-5

  /// The elements of a gradient that may differ from zero, as positions in the parameter and their values.
  private struct Gradient {
    var positions: [Int]
    var values: [Double]
  }

  /// Computes the gradients of all parameters in double precision.
  init(
    _ session: Session, _ feeds: SessionFeeds, _ variables: inout SessionVariables, batch: Int, seed: UInt64
  ) throws {
    self.seed = seed
    generator = SplitMix64(seed: seed &+ 1)
    var request = GraphDefImporter.Request(fetches: [GraphDefImporter.lossName])
    request.gradients = session.config.dense
    request.precision = .float64
    let program = try session.importer.program(request)
    let lossType = program.type(ofOutput: GraphDefImporter.lossName)!
    guard lossType.dtype == .float64, lossType.shape.count == 1 else { throw ModelError.lossShape(lossType) }
    let options = Plan.Options(lanes: session.pool.laneCount)
    let whole = try Executor(Plan(program, batch: batch, options: options), pool: session.pool)
    loss = try Executor(
      Plan(program.pruned(to: [GraphDefImporter.lossName]), batch: batch, options: options), pool: session.pool)
    var bound: [Int: OwnedTensor] = [:]
    for (number, isUsed) in program.usedInputs.enumerated() where isUsed {
      let (input, type) = (program.inputs[number], program.types[number])
      if input.role == .data {
        bound[number] = try feeds.tensor(number, of: program, batch: batch)
      } else {
        let value = try variables.value(input.name, try session.importer.variableType(input.name))
        bound[number] = value.view.dtype == type.dtype ? value : value.inDoublePrecision
      }
      try whole.bind(bound[number]!.view, to: number)
      try loss.bind(bound[number]!.view, to: number)
    }
    self.bound = bound
    try whole.run(seed: seed)
    guard whole.output(0).scalars(Double.self)[0].isFinite else { throw NonFiniteError(place: "the loss", step: 0) }
    for name in session.config.dense {
      let gradient = Self.gradient(of: name, whole)
      gradients[name] = gradient
      scale = gradient.values.reduce(scale) { max($0, abs($1)) }
    }
  }

  private static func gradient(of name: String, _ executor: Executor) -> Gradient {
    switch executor.plan.program.gradient(of: name) {
    case .dense(let output):
      let values = executor.output(output).scalars(Double.self).array
      return Gradient(positions: Array(values.indices), values: values)
    case .rows(let indices, let values):
      return sum(of: executor.output(values).scalars(Double.self), at: executor.output(indices))
    case nil: preconditionFailure("the program has no gradient of '\(name)'")
    }
  }

  /// The rows `values` at `indices`, those of the same row added up.
  private static func sum(of values: MemoryView<Double>, at indices: TensorView) -> Gradient {
    let width = indices.count == 0 ? 0 : values.count / indices.count
    var places: [Int: Int] = [:]
    var gradient = Gradient(positions: [], values: [])
    for occurrence in 0..<indices.count {
      for column in 0..<width {
        let position = Int(indices.integer(at: occurrence)) * width + column
        let value = values[occurrence * width + column]
        if let place = places[position] {
          gradient.values[place] += value
        } else {
          places[position] = gradient.values.count
          gradient.positions.append(position)
          gradient.values.append(value)
        }
      }
    }
    return gradient
  }

  /// The error of the gradient of the parameter `name`.
  mutating func error(of name: String) throws -> Double {
    guard let gradient = gradients[name], let input = loss.plan.program.input(name), let parameter = bound[input],
      loss.plan.program.usedInputs[input]
    else { return 0 }
    let floor = Self.roundingFloor * scale
    var error = LargestError()
    for _ in 0..<Self.directionCount {
      let direction = gradient.positions.map { _ in Double.random(in: -1...1, using: &generator) }
      let expected = zip(gradient.values, direction).reduce(0) { $0 + $1.0 * $1.1 }
      var best: Double?
      for step in Self.steps {
        let found = try slope(parameter, gradient.positions, direction, step: step)
        if best.map({ abs(found - expected) < abs($0 - expected) }) ?? true { best = found }
        if abs(best! - expected) <= Self.goodError * max(abs(best!), floor) { break }
      }
      error.add(expected, best!)
    }
    return error.relative(floor: floor)
  }

  /// How fast the loss grows along `direction`.
  private func slope(
    _ parameter: OwnedTensor, _ positions: [Int], _ direction: [Double], step: Double
  ) throws -> Double {
    let weights = parameter.view.scalars(Double.self)
    let start = positions.map { weights[$0] }
    defer { for (position, value) in zip(positions, start) { weights[position] = value } }
    func value(_ factor: Double) throws -> Double {
      for (index, position) in positions.enumerated() { weights[position] = start[index] + factor * direction[index] }
      try loss.run(seed: seed)
      return loss.output(0).scalars(Double.self)[0]
    }
    return try (value(step) - value(-step)) / (2 * step)
  }
}

extension OwnedTensor {
  /// The same numbers, 32-bit ones made 64-bit.
  fileprivate var inDoublePrecision: OwnedTensor {
    guard view.dtype == .float32 else { return self }
    return OwnedTensor(view.scalars(Float.self).array.map { Double($0) }, view.dimensions)
  }
}
