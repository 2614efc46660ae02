import Kernels
import PS
import Parameters

/// Models that tests train.
enum TestModels {
  /// A dense tensor, two tables and a frozen tensor, trained by gradient descent with the rate 1.
  static func small(_ consistency: Consistency = .asynchronous, workers: Int = 1, name: String = "m") -> ModelSchema {
    ModelSchema(
      name: name, consistency: consistency, workers: workers,
      parameters: [
        ParameterSpec(name: "w", shape: [2, 3], optimizer: .sgd(rate: 1)),
        ParameterSpec(name: "wide", shape: [100, 1], kind: .table, optimizer: .sgd(rate: 1)),
        ParameterSpec(
          name: "deep", shape: [100, 4], kind: .table, optimizer: .sgd(rate: 1),
          initialValues: .uniform(low: -1, high: 1, key: 3, stream: 1)),
        ParameterSpec(name: "fixed", shape: [2], isFrozen: true, initialValues: .constant(7)),
      ])
  }

  /// A tensor of so many counters, which a push of -1 raises by one.
  static func counters(_ count: Int, _ consistency: Consistency = .asynchronous, workers: Int = 1) -> ModelSchema {
    ModelSchema(
      name: "counters", consistency: consistency, workers: workers,
      parameters: [
        ParameterSpec(name: "cells", shape: [count, 1], kind: .table, optimizer: .sgd(rate: 1)),
        ParameterSpec(name: "sum", shape: [1], optimizer: .sgd(rate: 1)),
      ])
  }

  /// A dense tensor and a table for every optimizer that a server offers, with rows of `rowLength`.
  static func optimizers(rowLength: Int) -> ModelSchema {
    var parameters: [ParameterSpec] = []
    for kind in Rule.Kind.allCases {
      var optimizer = Optimizer(Rule(kind))
      let initialValues = InitialValues.uniform(low: -1, high: 1, key: UInt64(rowLength), stream: UInt64(kind.rawValue))
      parameters.append(
        ParameterSpec(
          name: kind.name, shape: [5, rowLength], optimizer: optimizer, initialValues: initialValues))
      guard !optimizer.rule.updatesAllRows else { continue }
      optimizer.schedule.exponential.rate = 0.9
      optimizer.schedule.exponential.steps = 50
      optimizer.clipping.norm = 2
      optimizer.bounds.upper = 1.5
      parameters.append(
        ParameterSpec(
          name: "\(kind.name)-rows", shape: [40, rowLength], kind: .table, optimizer: optimizer,
          initialValues: initialValues))
    }
    return ModelSchema(name: "optimizers-\(rowLength)", parameters: parameters)
  }
}

extension ModelSchema {
  /// Random gradients of every tensor that is trained: dense ones as a whole, about half of the rows of tables.
  func randomPush(_ generator: inout SplitMix64) -> [TestPush] {
    parameters.enumerated().compactMap { number, spec in
      guard !spec.isFrozen else { return nil }
      func values(_ count: Int) -> [Float] { (0..<count).map { _ in .random(in: -1...1, using: &generator) } }
      if spec.kind == .dense { return .dense(tensor: number, first: 0, values(spec.count)) }
      let keys = (0..<Int64(spec.rowCount)).filter { _ in generator.next() & 1 == 0 }
      return .rows(tensors: [number], keys: keys, [values(keys.count * spec.rowLength)])
    }
  }
}
