import Kernels
import Parameters
import TestSupport
import Testing

@Suite struct `Every update rule` {
  @Test func `is among those compared`() throws {
    let kinds = try OptimizerGolden.names.map { try OptimizerGolden($0).optimizer.rule.kind }
    #expect(Set(kinds) == Set(Rule.Kind.allCases))
  }

  @Test(arguments: OptimizerGolden.names)
  func `equals TensorFlow's on a dense parameter`(_ name: String) throws {
    try compare(OptimizerGolden(name), .dense) { step, store in
      var gradient = OptimizerGolden.denseGradient(step)
      _ = try gradient.withMemoryView {
        try store.exchange(push: ParameterGradients(gradients: [.dense($0)]), pull: nil)
      }
    }
  }

  @Test(arguments: OptimizerGolden.names)
  func `equals TensorFlow's on rows of a table`(_ name: String) throws {
    try compare(OptimizerGolden(name), .rows) { step, store in
      var (rows, gradient) = OptimizerGolden.rowGradient(step)
      _ = try rows.withMemoryView { keys in
        try gradient.withMemoryView { values in
          try store.exchange(push: ParameterGradients(gradients: [.rows(keys: keys, values: values)]), pull: nil)
        }
      }
    }
  }

  private func compare(
    _ golden: OptimizerGolden, _ form: OptimizerGolden.Form, _ push: (Int, MemoryStore) throws -> Void
  ) throws {
    guard golden.has(form) else { return }
    let spec = golden.parameter(form, name: "weights")
    let store = try MemoryStore([spec])
    try store.write(OptimizerGolden.start(spec.count), to: "weights")
    for step in 1...(golden.steps.last ?? 0) {
      try push(step, store)
      guard golden.steps.contains(step) else { continue }
      for tensor in store.tensors {
        let slot = tensor.name.split(separator: "/").last ?? ""
        #expect(try golden.problem(store.read(tensor.name), form, "\(slot)", after: step) == nil)
      }
    }
  }
}
