package import Files
package import NIOCore
package import Wire

/// A ``ServerCore`` with its log: what the core decides on is written, and what became of it is told to the core, until
/// both have nothing to say.
package final class ServerDriver {
  var core: ServerCore
  private let loop: any ServerLoop
  /// Keeps what is learned; nil if nothing is.
  var keeper: StoreKeeper?
  private let perform: (Effect) -> Void
  private var effects: [Effect] = []
  /// What happened and was not told to the core yet.
  private var events = CircularBuffer<Event>()
  private var isStepping = false
  /// Whether it is about to end, so that no more snapshots are begun.
  var isEnding = false

  /// A driver on `loop`, which does nothing before ``start()``.
  ///
  /// - Parameters:
  ///   - store: What the server knew when it ended, and the log that goes on; nil to keep nothing.
  ///   - snapshotByteCount: The bytes of log after which there is a snapshot, unless the state has more.
  ///   - perform: Does what the core wants, but for its records.
  ///   - failed: Is told when the disk of the store failed.
  package init(
    _ configuration: ServerCore.Configuration, store: Store?, on loop: any ServerLoop,
    snapshotByteCount: Int = StoreKeeper.snapshotByteCount, perform: @escaping (Effect) -> Void,
    failed: @escaping (FileError) -> Void
  ) {
    core = store?.core ?? ServerCore(configuration, now: loop.now)
    self.loop = loop
    self.perform = perform
    keeper = store.map { store in
      StoreKeeper(
        store, configuration.durability, on: loop, snapshotByteCount: snapshotByteCount,
        report: { [weak self] in self?.step($0) }, failed: failed)
    }
  }

  /// Begins; nothing may happen before.
  package func start() {
    core.begin(now: loop.now)
    keeper?.start()
    // Clocks that all had completed before a restart end now, and nobody who was there is waited for for ever.
    step(.timer)
  }

  /// Whether the disk has no room, so that the server only reads.
  var isFull: Bool { keeper?.isFull ?? false }

  /// Where a client's session stands.
  package func session(of client: Identifier) -> SessionState {
    let (last, number) = core.session(of: client)
    return SessionState(lastAppliedSequence: last, number: number)
  }

  /// The next part of an answer, as ``ServerCore/nextPart(of:)``: while the effect that has it is performed.
  package func nextPart(of reply: inout StreamedReply) -> ByteBuffer? { core.nextPart(of: &reply) }

  /// The whole of an answer: while the effect that has it is performed.
  package func joined(_ reply: StreamedReply) -> Frame { core.joined(reply) }

  /// Tells the core what happens, and does what it says: of what happens meanwhile, as a connection breaks that is just
  /// answered, it hears afterwards.
  package func step(_ event: Event) {
    events.append(event)
    guard !isStepping else { return }
    isStepping = true
    defer { isStepping = false }
    while let event = events.popFirst() { tell(event) }
    if let keeper, !isEnding, !keeper.isBroken, keeper.snapshots.isDue(stateByteCount: core.stateByteCount) {
      _ = beginSnapshot(keeper)
    }
  }

  private func tell(_ event: Event) {
    if case .request(let frame, _) = event, frame.header.type == .stats {
      core.storeFigures = keeper?.figures(now: loop.now) ?? []
    }
    var next: Event? = event
    while let event = next {
      core.step(event, now: loop.now, into: &effects)
      for effect in effects {
        if case .append(let record) = effect { keeper?.append(record) } else { perform(effect) }
      }
      effects.removeAll(keepingCapacity: true)
      next = keeper?.outcome()
    }
  }
}
