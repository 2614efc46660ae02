import CIntrinsics
import Glibc
import Synchronization

/// Work that the lanes of a ``LanePool`` share.
public protocol LaneWork {
  /// Does lane `lane`'s share.
  func run(lane: Int)
}

extension LaneWork {
  fileprivate static func run(_ work: UnsafeRawPointer, lane: Int) {
    // Safety: `LanePool.run` pairs the type with a pointer to a value of it and waits for all lanes.
    unsafe work.assumingMemoryBound(to: Self.self).pointee.run(lane: lane)
  }
}

/// Threads that wait to do the shares of one piece of work together: fork, run, join, in about a microsecond.
///
/// Lane 0 is the caller. The others spin for a short while after each run and then sleep, so a training loop never
/// pays for a wake-up and an idle server pays for nothing. A lane that finds itself on the caller's core moves to
/// another one: systems put new threads beside their maker and may leave them there for a second, in which each would
/// wait for the other. One piece of work runs at a time; a second caller waits.
/// Work does not run other work on the same pool. The others treat numbers too small for the normal form as zero; the
/// caller decides for itself: ``Denormals``.
public final class LanePool: Sendable {
  /// The number of lanes, the caller's included.
  public let laneCount: Int
  /// What a user should know: that the system refused threads which were asked for.
  public let notice: String?

  private let shared: Shared
  private let threads: [pthread_t]
  private let callers = Mutex(())

  /// A pool of `lanes` lanes, of which `lanes - 1` are new threads; of fewer where the system refuses some.
  public init(lanes: Int) {
    precondition(lanes >= 1, "\(lanes) lanes")
    LinearAlgebra.prepareBLAS()
    let shared = Shared()
    var threads: [pthread_t] = []
    while threads.count < lanes - 1, let thread = Self.startThread(threads.count + 1, shared) { threads.append(thread) }
    self.shared = shared
    self.threads = threads
    laneCount = threads.count + 1
    let refusal = "computing on \(threads.count + 1) instead of \(lanes) threads: the system refuses to start more"
    notice = threads.count + 1 < lanes ? refusal : nil
  }

  deinit {
    shared.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// The number of cores this process may run on.
  public static var coreCount: Int { Int(onlearn_core_count()) }

  /// Does `work` once on every lane, and returns when all are done.
  ///
  /// - Complexity: Allocates nothing.
  public func run(_ work: some LaneWork) {
    guard laneCount > 1 else { return work.run(lane: 0) }
    callers.withLock { _ in fork(work) }
  }

  /// Calls `body` once on every lane with the lane's number, and returns when all are done.
  ///
  /// - Complexity: Two small allocations per run; ``run(_:)-(LaneWork)`` makes none.
  public func run(_ body: (Int) -> Void) {
    guard laneCount > 1 else { return body(0) }
    withoutActuallyEscaping(body) { body in run(ClosureWork(body: body)) }
  }

  private func fork<Work: LaneWork>(_ work: Work) {
    // Safety: the pointer is valid until `join` returned, and no lane uses it after that.
    unsafe withUnsafePointer(to: work) { pointer in
      let job = unsafe Shared.Job(
        type: Work.self, work: UnsafeRawPointer(pointer), core: onlearn_current_core())
      unsafe shared.fork(job, others: laneCount - 1)
      unsafe pointer.pointee.run(lane: 0)
      shared.join()
    }
  }

  /// A thread that is lane `lane`, or `nil` if the system refuses it: there are limits to threads and to memory.
  private static func startThread(_ lane: Int, _ shared: Shared) -> pthread_t? {
    // Safety: the thread takes the retained object over.
    let start = unsafe Unmanaged.passRetained(LaneStart(lane: lane, shared: shared))
    var thread = pthread_t()
    let error = unsafe pthread_create(
      &thread, nil,
      { pointer in
        let start = unsafe Unmanaged<LaneStart>.fromOpaque(pointer!).takeRetainedValue()
        start.shared.work(lane: start.lane)
        return nil
      }, start.toOpaque())
    guard error == 0 else {
      // Safety: there is no thread that would take it over.
      unsafe start.release()
      return nil
    }
    return thread
  }

  private final class LaneStart: Sendable {
    let lane: Int
    let shared: Shared
    init(lane: Int, shared: Shared) { (self.lane, self.shared) = (lane, shared) }
  }

  private struct ClosureWork: LaneWork {
    let body: (Int) -> Void
    func run(lane: Int) { body(lane) }
  }
}

extension LanePool {
  /// What the caller and the other lanes see.
  @safe fileprivate final class Shared: @unchecked Sendable {
    // Safety: `job` is written before `round` is raised (releasing) and read after that was seen (acquiring), and not
    // written again before every lane has counted itself out. The mutex and the condition have fixed addresses.

    @unsafe struct Job {
      let type: any LaneWork.Type
      let work: UnsafeRawPointer
      /// The core of the caller.
      let core: Int32
    }

    private let round = Atomic<UInt64>(0)
    private let busy = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private var job: Job?
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// How long a lane, or the caller at the join, has the core for itself, and how long it then offers it to others
    /// before it sleeps.
    private static let (spinNanoseconds, yieldNanoseconds): (UInt64, UInt64) = (30_000, 120_000)

    /// How long a lane that moved stays wherever the system puts it then: twice as long each time. A bad start is mended at
    /// once; beside other threads that serve, which a lane would push off their cores again and again, it comes to rest.
    private static let stayNanoseconds: (first: UInt64, last: UInt64) = (2_000_000, 1_000_000_000)

    init() {
      unsafe job = nil
      unsafe pthread_mutex_init(mutex, nil)
      unsafe pthread_cond_init(wakeUp, nil)
    }

    deinit {
      unsafe pthread_cond_destroy(wakeUp)
      unsafe pthread_mutex_destroy(mutex)
      unsafe wakeUp.deallocate()
      unsafe mutex.deallocate()
    }

    func fork(_ job: Job, others: Int) {
      unsafe self.job = job
      busy.store(others, ordering: .relaxed)
      round.add(1, ordering: .sequentiallyConsistent)
      wakeSleepers()
    }

    func join() {
      wait { busy.load(ordering: .sequentiallyConsistent) == 0 }
    }

    func stop() {
      isStopping.store(true, ordering: .relaxed)
      round.add(1, ordering: .sequentiallyConsistent)
      wakeSleepers()
    }

    func work(lane: Int) {
      Denormals.flush()
      var seen: UInt64 = 0
      var (moved, stay) = (UInt64(0), Self.stayNanoseconds.first)
      while true {
        wait { round.load(ordering: .sequentiallyConsistent) != seen }
        seen += 1
        if isStopping.load(ordering: .relaxed) { return }
        let job = unsafe self.job!
        if unsafe onlearn_current_core() == job.core {
          let now = MonotonicClock.nanoseconds
          if now - moved > stay {
            if moved > 0 { stay = min(2 * stay, Self.stayNanoseconds.last) }
            moved = now
            unsafe onlearn_leave_core(job.core)
          }
        }
        unsafe job.type.run(job.work, lane: lane)
        if busy.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { wakeSleepers() }
      }
    }

    /// Spins until `condition`, then sleeps until it.
    ///
    /// No wake-up is lost: a sleeper counts itself before it looks a last time, who changes the state changes it
    /// before it looks for sleepers, and both are sequentially consistent.
    private func wait(until condition: () -> Bool) {
      var spins = 0
      var start: UInt64 = 0
      while !condition() {
        onlearn_pause()
        spins += 1
        guard spins % 64 == 0 else { continue }
        let now = MonotonicClock.nanoseconds
        if start == 0 { start = now }
        guard now - start >= Self.spinNanoseconds else { continue }
        if now - start < Self.spinNanoseconds + Self.yieldNanoseconds {
          sched_yield()
          continue
        }
        unsafe pthread_mutex_lock(mutex)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while !condition() { unsafe pthread_cond_wait(wakeUp, mutex) }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        unsafe pthread_mutex_unlock(mutex)
        return
      }
    }

    private func wakeSleepers() {
      guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
      unsafe pthread_mutex_lock(mutex)
      unsafe pthread_cond_broadcast(wakeUp)
      unsafe pthread_mutex_unlock(mutex)
    }
  }
}
