import Wire

extension ServerCore {
  /// Checks that a mutation belongs to a clock that its worker may be in.
  ///
  /// - Returns: The worker's rank, or nil for a model whose workers do not keep in step.
  /// - Throws: 202 for a client without a rank, 404 for a clock that is over, 301 for one that is far ahead.
  func checkClock(
    _ mutation: Mutation, _ state: ModelState, _ store: ModelStore, _ client: Identifier
  ) throws(Refusal) -> Int? {
    try checkIsReady(state, store, for: client)
    guard state.schema.consistency.staleness != nil else { return nil }
    guard let rank = state.clocks.rank(of: client) else {
      throw Refusal(
        .forbidden,
        "workers of model '\(state.schema.name)' keep in step, and this one has no rank, or another worker has taken it"
      )
    }
    let running = state.isSynchronous ? state.clocks.open : store.slowestClock
    let lowest = max(state.clocks.completed[rank], running)
    guard mutation.clock >= lowest else {
      throw Refusal(
        .clockRegression, detail: UInt64(lowest), "clock \(mutation.clock) is over; this worker is in clock \(lowest)")
    }
    // The last number is that of no clock: behind it there is none that a worker could complete.
    guard mutation.clock < .max, !state.isSynchronous || mutation.clock - running < 2 else {
      throw Refusal(.limit, detail: UInt64(running), "clock \(mutation.clock) while clock \(running) is not over")
    }
    return rank
  }

  /// Whether a worker counts: it is connected, or was a short time ago.
  func isAlive(_ client: Identifier) -> Bool { connectionOfClient[client] != nil || now < endOfLife(of: client) }

  /// How long a client counts that is not connected.
  private func endOfLife(of client: Identifier) -> Instant {
    (departed.time(of: client) ?? start) + configuration.workerTimeout
  }

  /// Ends the clocks of a model that every worker has completed, so that their gradients are applied; none while the log
  /// takes nothing.
  mutating func closeClocks(of model: UInt32) {
    guard case .working = logState else { return }
    while let state = accepted.models[model], state.isSynchronous, state.clocks.canClose(isAlive: isAlive) {
      accept(.closed(state.clocks.open, of: model, lsn: accepted.lastLSN + 1))
    }
  }

  /// Works out how far the slowest worker of a model is, and answers who waited for it.
  mutating func moveClock(of number: UInt32) {
    guard let state = applied.models[number], state.schema.consistency.staleness != nil, state.clocks.allJoined,
      var store = stores[number]
    else { return }
    let clock = state.isSynchronous ? state.clocks.open : state.clocks.slowest(isAlive: isAlive) ?? 0
    store.slowestClock = max(store.slowestClock, clock)
    let ready = store.waiting.filter { $0.clock <= store.slowestClock }
    store.waiting.removeAll { $0.clock <= store.slowestClock }
    stores[number] = store
    for read in ready { answer(read.reading) }
  }

  /// Answers `reading` when the slowest worker has completed `clock` clocks, or refuses it after a while.
  mutating func wait(_ reading: Reading, until clock: UInt32, _ milliseconds: UInt32) {
    guard let store = stores[reading.model], let state = applied.models[reading.model] else { return answer(reading) }
    if state.clocks.allJoined && store.slowestClock >= clock { return answer(reading) }
    let deadline = now + .milliseconds(Int64(milliseconds))
    guard deadline > now else { return refuse(Self.waitedTooLong, reading.target) }
    stores[reading.model]?.waiting.append(WaitingRead(clock: clock, deadline: deadline, reading: reading))
    effects.append(.wake(at: deadline))
  }

  private static var waitedTooLong: Refusal {
    Refusal(.clockWaitTimeout, "slower workers did not complete their clock in time; ask again")
  }

  /// Ends waits that were too long, for answers and for workers.
  mutating func passTime() {
    for number in stores.keys.sorted() {
      closeClocks(of: number)
      if configuration.durability == .none { commit(upTo: accepted.lastLSN, durable: 0) }
      moveClock(of: number)
      let late = stores[number]?.waiting.filter { $0.deadline <= now } ?? []
      guard !late.isEmpty else { continue }
      stores[number]?.waiting.removeAll { $0.deadline <= now }
      for read in late { refuse(Self.waitedTooLong, read.reading.target) }
    }
    if let next = nextDeadline { effects.append(.wake(at: next)) }
  }

  /// When a wait ends that is not over: one for slower workers, or one for a worker that is gone.
  private var nextDeadline: Instant? {
    let waits = stores.values.lazy.flatMap(\.waiting).map(\.deadline)
    let workers = applied.models.values.lazy.flatMap(\.clocks.members).compactMap(\.self)
    let absences = workers.filter { connectionOfClient[$0] == nil }.map { endOfLife(of: $0) }
    return [waits.min(), absences.filter { $0 > now }.min()].compactMap(\.self).min()
  }
}

/// A read that waits for slower workers.
struct WaitingRead: Sendable {
  /// The clocks that the slowest worker must have completed.
  let clock: UInt32
  /// How long it waits.
  let deadline: Instant
  let reading: Reading
}

extension LogEntry {
  /// Whether the slowest worker may be further after the entry.
  var mayMoveClocks: Bool {
    switch operation {
    case .closeClock, .register: true
    default: completedClock != nil
    }
  }
}
