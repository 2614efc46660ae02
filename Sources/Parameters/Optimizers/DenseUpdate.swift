import Kernels

/// One update of a run of a dense parameter, which lanes may share.
///
/// Each lane finds the arithmetic of the rule by itself: as a generic piece of work it would run unspecialised.
struct DenseUpdate: LaneWork {
  let optimizer: Optimizer
  let memory: DenseMemory
  let part: DenseRun
  /// The scalars before the update.
  let state: ScalarState
  /// How many updates came before, for the schedule.
  let step: UInt64
  /// What the gradient is multiplied by, so that it is not too long.
  let scale: Float
  private var lanes = 1

  init(optimizer: Optimizer, memory: DenseMemory, part: DenseRun, state: ScalarState, step: UInt64, scale: Float) {
    self.optimizer = optimizer
    self.memory = memory
    self.part = part
    self.state = state
    self.step = step
    self.scale = scale
  }

  /// Updates all elements, on the lanes of `pool` if there are enough elements.
  func apply(on pool: LanePool?) {
    // A lane takes 5 µs for this many, and 1–2 µs to begin and end.
    guard let pool, pool.laneCount > 1, part.gradient.count >= 1 << 16 else { return run(lane: 0) }
    var shared = self
    shared.lanes = pool.laneCount
    pool.run(shared)
  }

  /// Updates a lane's range: whole cache lines, so that no two lanes write to one.
  func run(lane: Int) {
    let lines = (part.gradient.count + 15) / 16
    let range = lines * lane / lanes * 16..<min(lines * (lane + 1) / lanes * 16, part.gradient.count)
    Denormals.flushed {
      switch optimizer.rule {
      case .sgd(let rule): update(range, by: rule)
      case .momentum(let rule): update(range, by: rule)
      case .adagrad(let rule): update(range, by: rule)
      case .rmsProp(let rule): update(range, by: rule)
      case .centeredRMSProp(let rule): update(range, by: rule)
      case .adam(let rule): update(range, by: rule)
      case .lazyAdam(let rule): update(range, by: rule)
      case .ftrl(let rule): update(range, by: rule)
      }
    }
  }

  private func update(_ range: Range<Int>, by rule: some RunnableRule) {
    let kernel = rule.denseKernel(rate: rule.rate * optimizer.schedule.factor(after: step), state)
    if optimizer.isUnlimited {
      update(range, by: kernel)
    } else {
      let (clipping, bounds) = (optimizer.clipping, optimizer.bounds)
      update(range, by: Limited(kernel: kernel, scale: scale, clipping: clipping, bounds: bounds))
    }
  }

  @inline(always)
  private func update(_ range: Range<Int>, by kernel: some UpdateKernel) {
    let elements = part.start + range.lowerBound..<part.start + range.upperBound
    kernel.update(memory.weights[elements], memory.slots(in: elements), along: part.gradient[range])
  }
}
