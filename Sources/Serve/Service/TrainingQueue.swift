/// Which batch of a model is trained next: a pure decision, without threads or clocks.
///
/// Batches of one source are trained one after another, in the order in which they came; batches of different sources
/// may be trained at the same time. The queue is bounded in batches and bytes and says so when it is full.
package struct TrainingQueue<Job: Sendable>: Sendable {
  /// A batch that waits, or is in training.
  package struct Entry: Sendable {
    /// What to do.
    package var job: Job
    /// The stream it belongs to, if any.
    package var source: String?
    /// When it is too late to start.
    package var deadline: ContinuousClock.Instant
    /// How much memory it holds.
    package var byteCount: Int

    /// A batch that waits.
    package init(job: Job, source: String?, deadline: ContinuousClock.Instant, byteCount: Int) {
      self.job = job
      self.source = source
      self.deadline = deadline
      self.byteCount = byteCount
    }
  }

  /// The bounds of what waits.
  package struct Limits: Sendable {
    package var batches: Int
    package var bytes: Int

    /// At most so many batches and bytes.
    package init(batches: Int, bytes: Int) {
      self.batches = batches
      self.bytes = bytes
    }
  }

  private let limits: Limits
  private var waiting: [Entry] = []
  private var waitingBytes = 0
  /// How many batches of each source are in training: more than one only if one lane has them.
  private var inTraining: [String: Int] = [:]
  /// The batches in training.
  package private(set) var runningCount = 0

  /// An empty queue.
  package init(limits: Limits) { self.limits = limits }

  /// The batches that wait.
  package var count: Int { waiting.count }

  /// True if nothing waits or is in training.
  package var isIdle: Bool { waiting.isEmpty && runningCount == 0 }

  /// Puts `entry` at the end; false if the queue is full.
  ///
  /// One batch is always taken, however large, so that a limit of bytes never refuses a batch for good.
  package mutating func admit(_ entry: Entry) -> Bool {
    guard waiting.count < limits.batches, waiting.isEmpty || waitingBytes + entry.byteCount <= limits.bytes else {
      return false
    }
    waiting.append(entry)
    waitingBytes += entry.byteCount
    return true
  }

  /// Takes the batches whose time has run out, for whoever sent them to be told.
  package mutating func takeExpired(at now: ContinuousClock.Instant) -> [Entry] { take { $0.deadline <= now } }

  /// Takes all batches that wait.
  package mutating func takeAll() -> [Entry] { take { _ in true } }

  /// Takes the first batch whose source has none in training, and counts it as in training.
  ///
  /// - Parameter last: The batch after which whoever asks will train it; it may be of the same source.
  package mutating func takeNext(after last: Entry? = nil) -> Entry? {
    let isFree = { (entry: Entry) in entry.source.map { $0 == last?.source || inTraining[$0] == nil } ?? true }
    guard let index = waiting.firstIndex(where: isFree) else { return nil }
    let entry = waiting.remove(at: index)
    waitingBytes -= entry.byteCount
    if let source = entry.source { inTraining[source, default: 0] += 1 }
    runningCount += 1
    return entry
  }

  /// Notes that a batch of `source` is no longer in training.
  package mutating func finish(source: String?) {
    precondition(runningCount > 0, "a batch ended that was not in training")
    runningCount -= 1
    guard let source, let count = inTraining[source] else { return }
    inTraining[source] = count > 1 ? count - 1 : nil
  }

  private mutating func take(where condition: (Entry) -> Bool) -> [Entry] {
    guard waiting.contains(where: condition) else { return [] }
    let taken = waiting.filter(condition)
    waiting.removeAll(where: condition)
    waitingBytes -= taken.reduce(0) { $0 + $1.byteCount }
    return taken
  }
}
