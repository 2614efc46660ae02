import Graph
import GraphDefImport
import Kernels
import Parameters

/// The training steps of a session: the same batch again and again, as `train_step` would take it.
struct SessionTraining {
  /// Computes the loss and the gradients.
  let program: Program
  /// What a user should know about the optimizers.
  var notices: [String] { choice.notices }

  private let session: Session
  private let feeds: SessionFeeds
  private let options: Session.Options
  private let specs: [ParameterSpec]
  private let choice: OptimizerChoice
  /// For each output that is the new value of a variable, the variable and its input.
  private let assignments: [(name: String, output: Int)]

  private var config: ModelConfig { session.config }

  /// The training that `options` ask for.
  init(_ session: Session, _ feeds: SessionFeeds, _ options: Session.Options) throws {
    self.session = session
    self.feeds = feeds
    self.options = options
    let config = session.config
    var request = GraphDefImporter.Request(fetches: [GraphDefImporter.lossName])
    if options.keepsMetricState {
      request.fetches += config.observe.filter { !request.fetches.contains($0) }
    }
    request.gradients = config.dense
    request.appliesGradientTransforms = true
    request.feeds = feeds.types
    let program = try session.importer.program(request)
    let loss = program.type(ofOutput: GraphDefImporter.lossName)!
    guard loss.dtype == .float32, loss.shape.count == 1 else { throw ModelError.lossShape(loss) }
    self.program = program
    let tables = Set(config.dense.filter { program.gradient(of: $0)?.isRows == true })
    choice = try OptimizerChoice(
      session.importer, options: OptimizerChoice.Options(.twin, learningRate: options.learningRate),
      tables: tables)
    let (optimizers, frozen) = (choice.optimizers, choice.frozen)
    specs = try zip(config.dense, optimizers).map { name, optimizer in
      let type = try session.importer.variableType(name)
      guard type.dtype == .float32, let shape = type.shape.constant else {
        throw ModelError.parameterType(name: name, type: type)
      }
      return ParameterSpec(
        name: name, shape: shape, kind: tables.contains(name) ? .table : .dense, optimizer: optimizer,
        isFrozen: frozen.contains(name))
    }
    assignments = program.outputs.enumerated().compactMap { number, output in
      let suffix = " assigned"
      guard output.name.hasSuffix(suffix) else { return nil }
      let name = String(output.name.dropLast(suffix.count))
      return config.dense.contains(name) ? nil : (name, number)
    }
  }

  /// Takes the steps, and leaves in `variables` what they make of them.
  ///
  /// - Returns: The loss before each step.
  func run(batch: Int, _ variables: inout SessionVariables) throws -> [Float] {
    let store = try makeStore(&variables)
    let executor = try Executor(
      Plan(program, batch: batch, options: Plan.Options(lanes: session.pool.laneCount)), pool: session.pool)
    let bound = try bind(executor, &variables)
    let schedule = try choice.makeSchedule()
    let counters = bound.compactMap { input, value in
      StepCounter(program.inputs[input].name, startingAt: value, among: choice.trainStep?.counters ?? [])
    }
    let outputs = GradientOutputs(of: program, specs)
    var gradients = ParameterGradients(gradients: specs.map { _ in .none })
    let lossOutput = program.output(GraphDefImporter.lossName)!
    var losses: [Float] = []
    try withExtendedLifetime(bound) {
      for step in 0..<UInt64(options.trainingSteps) {
        for counter in counters { counter.count(step) }
        try bindParameters(executor, store.exchange(push: nil, pull: nil))
        try executor.run(seed: options.seed, step: step)
        let loss = executor.output(lossOutput).scalars(Float.self)[0]
        guard loss.isFinite else { throw NonFiniteError(place: "the loss", step: step) }
        losses.append(loss)
        try schedule?.apply(to: store, afterStep: step)
        outputs.read(from: executor, into: &gradients.gradients)
        _ = try store.exchange(push: gradients, ofStep: step, pull: nil)
        for (name, output) in assignments {
          let value = OwnedTensor(copying: executor.output(output))
          variables.set(name, to: value)
          if let input = program.input(name) { bound[input]?.copy(from: value.view) }
        }
      }
    }
    for spec in specs {
      variables.set(spec.name, to: OwnedTensor(try store.read(spec.name), Dimensions(spec.shape)))
    }
    try count(&variables)
    if !options.keepsMetricState { try resetMetricState(&variables) }
    return losses
  }

  /// Lets the variables that count steps have counted these.
  private func count(_ variables: inout SessionVariables) throws {
    for counter in choice.trainStep?.counters ?? [] {
      let type = try session.importer.variableType(counter.variable)
      let value = try variables.value(counter.variable, type)
      variables.set(counter.variable, to: value.adding(counter.increment * Double(options.trainingSteps)))
    }
  }

  private func makeStore(_ variables: inout SessionVariables) throws -> MemoryStore {
    let store = try MemoryStore(specs)
    for spec in specs {
      let value = try variables.value(spec.name, TensorType(.float32, Shape(spec.shape)))
      try store.write(value.view.scalars(Float.self), to: spec.name, at: 0)
    }
    return store
  }

  /// Binds all inputs but the parameters; those that are variables in memory that changes with them.
  private func bind(_ executor: Executor, _ variables: inout SessionVariables) throws -> [Int: OwnedTensor] {
    var bound: [Int: OwnedTensor] = [:]
    for (number, isUsed) in program.usedInputs.enumerated() where isUsed {
      switch program.inputs[number].role {
      case .data: bound[number] = try feeds.tensor(number, of: program, batch: executor.plan.batch)
      case .state: bound[number] = OwnedTensor(copying: try variables.value(number, of: program).view)
      case .parameter: continue
      }
      try executor.bind(bound[number]!.view, to: number)
    }
    return bound
  }

  private func bindParameters(_ executor: Executor, _ values: ParameterValues) throws {
    let used = program.usedInputs
    for (spec, lent) in zip(specs, values.parameters) {
      guard let input = program.input(spec.name), used[input] else { continue }
      let dimensions = Dimensions(spec.shape)
      try executor.bind(
        spec.kind == .table
          ? TensorView(table: lent.scalars, dimensions, rowStride: lent.rowStride)
          : TensorView(lent.scalars, dimensions), to: input)
    }
  }

  /// Metric state is what is assigned on the way to an observed value.
  private func resetMetricState(_ variables: inout SessionVariables) throws {
    guard !assignments.isEmpty else { return }
    var request = GraphDefImporter.Request(fetches: config.observe)
    request.feeds = feeds.types
    let observed = try session.importer.program(request)
    let counters = Set(choice.trainStep?.counters.map(\.variable) ?? [])
    for (name, _) in assignments where observed.output("\(name) assigned") != nil && !counters.contains(name) {
      variables.reset(name)
    }
  }
}

extension OwnedTensor {
  /// The tensor with `number` added to every element; integers wrap as TensorFlow's do.
  fileprivate func adding(_ number: Double) -> OwnedTensor {
    let dimensions = view.dimensions
    let integer = Int64(exactly: number.rounded(.towardZero)) ?? 0
    return switch view.dtype {
    case .float32: OwnedTensor(view.scalars(Float.self).array.map { $0 + Float(number) }, dimensions)
    case .float64: OwnedTensor(view.scalars(Double.self).array.map { $0 + number }, dimensions)
    case .int32:
      OwnedTensor(view.scalars(Int32.self).array.map { $0 &+ Int32(truncatingIfNeeded: integer) }, dimensions)
    case .int64: OwnedTensor(view.scalars(Int64.self).array.map { $0 &+ integer }, dimensions)
    case .bool: self
    }
  }
}
