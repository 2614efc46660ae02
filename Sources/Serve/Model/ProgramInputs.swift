import Graph
import GraphDefImport
import Kernels
import Parameters

/// Binds what a program of a model is fed with: the batch, lent parameters, and state.
struct ProgramInputs {
  /// What an input is bound to.
  private enum Role {
    case unused
    case x, y
    case parameter(Int)
    case state(OwnedTensor)
    case counter(StepCounter)
  }

  private let model: Model
  private let roles: [Role]
  private let converted = ConvertedInputs()

  /// The inputs of `program`; state starts as the graph says, where random with `seed`.
  ///
  /// - Throws: ``ModelError`` if the program needs something that no batch has.
  init(_ program: Program, of model: Model, seed: UInt64) throws {
    let reader = InitialValueReader(model, seed: seed)
    // A train_step that cannot be read is reported where it is needed.
    let counters = (try? model.importer.trainStep())?.counters ?? []
    self.model = model
    roles = try zip(program.inputs, program.usedInputs).map { input, isUsed in
      guard isUsed else { return .unused }
      switch input.role {
      case .data where input.name == GraphDefImporter.inputName: return .x
      case .data where input.name == GraphDefImporter.labelsName: return .y
      case .data: throw ModelError.unknownInput(name: input.name)
      case .parameter: return .parameter(model.parameters.firstIndex { $0.name == input.name }!)
      case .state:
        let value = try reader.state(input.name)
        guard let counter = StepCounter(input.name, startingAt: value, among: counters) else { return .state(value) }
        return .counter(counter)
      }
    }
  }

  /// Whether labels are needed.
  var needLabels: Bool { roles.contains { if case .y = $0 { true } else { false } } }

  /// Whether parameters are needed.
  var needParameters: Bool { roles.contains { if case .parameter = $0 { true } else { false } } }

  /// Binds the inputs of `executor` for the duration of `body`; counters of steps have counted `steps`.
  ///
  /// - Throws: ``ModelError/batchShape(input:expected:found:)`` if the batch does not fit.
  func bind<Result>(
    _ executor: Executor, to batch: Batch, _ values: ParameterValues?, afterSteps steps: UInt64,
    _ body: () throws -> Result
  ) throws -> Result {
    try batch.x.withReadOnlyView { x in
      try batch.y.withReadOnlyView { y in
        for (input, role) in roles.enumerated() {
          switch role {
          case .unused: continue
          case .x: try bind(executor, x, to: input)
          case .y: try bind(executor, y, to: input)
          case .parameter(let number):
            guard let lent = values?.parameters[number] else { preconditionFailure("no values for input \(input)") }
            let dimensions = executor.dimensions(ofInput: input)
            let view =
              model.parameters[number].isTable
              ? TensorView(table: lent.scalars, dimensions, rowStride: lent.rowStride)
              : TensorView(lent.scalars, dimensions)
            try executor.bind(view, to: input)
          case .state(let tensor): try executor.bind(tensor.view, to: input)
          case .counter(let counter):
            counter.count(steps)
            try executor.bind(counter.value.view, to: input)
          }
        }
        return try body()
      }
    }
  }

  /// Binds the numbers of a batch, or where the graph takes another type a tensor of that type.
  private func bind(_ executor: Executor, _ memory: MemoryView<Float>, to input: Int) throws {
    let dimensions = executor.dimensions(ofInput: input)
    let program = executor.plan.program
    guard dimensions.count == memory.count else {
      throw ModelError.batchShape(
        input: program.inputs[input].name, expected: "\(program.types[input])",
        found: "\(memory.count) numbers for \(executor.plan.batch) examples")
    }
    let dtype = program.types[input].dtype
    guard dtype != .float32 else { return try executor.bind(TensorView(memory, dimensions), to: input) }
    try executor.bind(converted.tensor(casting: memory, to: dtype, dimensions, input: input), to: input)
  }
}

/// The inputs that a graph takes in another type than a batch has them in.
///
/// A result of a program may be an input as it is, so they are kept until the next ones come.
private final class ConvertedInputs {
  private var tensors: [Int: OwnedTensor] = [:]

  /// `numbers` as elements of type `dtype`, for the input number `input`; valid until the next call for it.
  func tensor(casting numbers: MemoryView<Float>, to dtype: DType, _ dimensions: Dimensions, input: Int) -> TensorView {
    let tensor: OwnedTensor
    if let last = tensors[input], last.view.dimensions == dimensions {
      tensor = last
    } else {
      tensor = OwnedTensor(dtype, dimensions)
      tensors[input] = tensor
    }
    tensor.cast(from: numbers)
    return tensor.view
  }
}
