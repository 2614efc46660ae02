import Graph
import GraphDefImport
import Kernels
import Parameters

/// Where a training program gives the gradients of parameters, and what adds up those of rows.
struct GradientOutputs {
  private enum Output {
    case frozen
    case dense(Int)
    case rows(indices: Int, values: Int, RowGradients)
  }

  private let outputs: [Output]
  private let occurrences: [RowOccurrences]

  /// The outputs of `program` for `parameters`; none for frozen ones.
  ///
  /// - Parameter touchedRows: Has worked out the rows of a batch before its gradients are read.
  init(of program: Program, _ parameters: [ParameterSpec], touchedRows: TouchedRows? = nil) {
    var occurrences = RowOccurrencesOfProgram(program)
    outputs = parameters.enumerated().map { number, parameter in
      guard !parameter.isFrozen else { return .frozen }
      switch program.gradient(of: parameter.name) {
      case .dense(let output): return .dense(output)
      case .rows(let indices, let values):
        return .rows(
          indices: indices, values: values,
          RowGradients(
            of: occurrences.occurrences(
              ofOutput: indices, rowCount: parameter.rowCount, index: touchedRows?.gradientIndex(of: number)),
            rowLength: parameter.rowLength))
      case nil: preconditionFailure("the program has no gradient of '\(parameter.name)'")
      }
    }
    self.occurrences = occurrences.all
  }

  /// Puts what the last run of `executor` gave into `gradients`, one for each parameter; lent until the next run.
  func read(from executor: Executor, into gradients: inout [Parameters.Gradient]) {
    for occurrences in occurrences { occurrences.forget() }
    for (index, output) in outputs.enumerated() {
      switch output {
      case .frozen: gradients[index] = .none
      case .dense(let output): gradients[index] = .dense(executor.output(output).scalars(Float.self))
      case .rows(let indices, let values, let sums):
        gradients[index] = sums.add(executor.output(indices), executor.output(values))
      }
    }
  }
}
