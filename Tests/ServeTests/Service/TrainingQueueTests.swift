import Serve
import Testing

@Suite struct `A training queue` {
  private let now = ContinuousClock.now
  private let queue = SharedQueue()

  /// The queue behind a reference, for expectations cannot change values.
  private final class SharedQueue {
    private var queue = TrainingQueue<Int>(limits: .init(batches: 4, bytes: 100))

    var runningCount: Int { queue.runningCount }
    var isIdle: Bool { queue.isIdle }

    func admit(_ entry: TrainingQueue<Int>.Entry) -> Bool { queue.admit(entry) }
    func takeNext(after last: TrainingQueue<Int>.Entry? = nil) -> Int? { queue.takeNext(after: last)?.job }
    func takeExpired(at now: ContinuousClock.Instant) -> [Int] { queue.takeExpired(at: now).map(\.job) }
    func takeAll() -> [Int] { queue.takeAll().map(\.job) }
    func finish(source: String?) { queue.finish(source: source) }
  }

  private func entry(
    _ job: Int, source: String? = nil, after delay: Duration = .seconds(60), bytes: Int = 1
  ) -> TrainingQueue<Int>.Entry {
    .init(job: job, source: source, deadline: now + delay, byteCount: bytes)
  }

  @Test func `gives whoever trains a source its next batch, and nobody else until both are trained`() {
    for (job, source) in [(1, "a"), (2, "a"), (3, "a")] { #expect(queue.admit(entry(job, source: source))) }
    #expect(queue.takeNext() == 1)
    #expect(queue.takeNext(after: entry(1, source: "a")) == 2)
    queue.finish(source: "a")
    #expect(queue.takeNext() == nil)
    queue.finish(source: "a")
    #expect(queue.takeNext() == 3)
  }

  @Test func `trains batches in the order in which they came`() {
    for job in 1...3 { #expect(queue.admit(entry(job))) }
    #expect((1...3).map { _ in queue.takeNext() } == [1, 2, 3])
    #expect(queue.takeNext() == nil)
    #expect(queue.runningCount == 3)
  }

  @Test func `trains batches of one source one after another, and lets others pass`() {
    for (job, source) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] { #expect(queue.admit(entry(job, source: source))) }
    #expect(queue.takeNext() == 1)
    #expect(queue.takeNext() == 3)
    #expect(queue.takeNext() == nil)
    queue.finish(source: "a")
    #expect(queue.takeNext() == 2)
    #expect(queue.takeNext() == nil)
    queue.finish(source: "b")
    queue.finish(source: "a")
    #expect(queue.takeNext() == 4)
  }

  @Test func `is full at its limit of batches`() {
    for job in 1...4 { #expect(queue.admit(entry(job))) }
    #expect(!queue.admit(entry(5)))
    _ = queue.takeNext()
    #expect(queue.admit(entry(5)))
  }

  @Test func `is full at its limit of bytes, but takes one batch of any size`() {
    #expect(queue.admit(entry(1, bytes: 1000)))
    #expect(!queue.admit(entry(2)))
    _ = queue.takeNext()
    #expect(queue.admit(entry(2, bytes: 99)))
    #expect(!queue.admit(entry(3, bytes: 2)))
  }

  @Test func `hands out what is too late, once, and gives its place back`() {
    #expect(queue.admit(entry(1, after: .seconds(1), bytes: 60)))
    #expect(queue.admit(entry(2, after: .seconds(3), bytes: 40)))
    #expect(queue.takeExpired(at: now + .seconds(2)) == [1])
    #expect(queue.takeExpired(at: now + .seconds(2)).isEmpty)
    #expect(queue.admit(entry(3, bytes: 60)))
    #expect(queue.takeAll() == [2, 3])
    #expect(queue.isIdle)
  }

  @Test func `is idle when nothing waits or trains`() {
    #expect(queue.isIdle)
    #expect(queue.admit(entry(1)))
    #expect(!queue.isIdle)
    _ = queue.takeNext()
    #expect(!queue.isIdle)
    queue.finish(source: nil)
    #expect(queue.isIdle)
  }
}
