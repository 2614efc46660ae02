import Foundation
import Glibc
import Kernels
import Synchronization
import Testing

@Suite struct `A lane pool` {
  private struct Count: LaneWork {
    let lanes: [Counter]
    func run(lane: Int) { lanes[lane].value.add(1, ordering: .relaxed) }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
  }

  @Test(arguments: [1, 2, 3, 8]) func `does the work once on every lane, run after run`(_ lanes: Int) {
    let pool = LanePool(lanes: lanes)
    let counters = (0..<lanes).map { _ in Counter() }
    for _ in 0..<500 { pool.run(Count(lanes: counters)) }
    for _ in 0..<500 { pool.run { counters[$0].value.add(1, ordering: .relaxed) } }
    #expect(counters.map(\.count) == Array(repeating: 1000, count: lanes))
  }

  @Test func `shows the caller all that the lanes wrote, also after a rest`() {
    let pool = LanePool(lanes: 3)
    let memory = AlignedMemory(byteCount: 3 * 64 * 8)
    let values = memory.view(of: Int.self, count: 3 * 64)
    var rest = ContinuousClock.now
    for round in 1...200 {
      pool.run { lane in
        for place in (lane * 64)..<(lane * 64 + 64) { values[place] = round }
      }
      #expect(values.array.allSatisfy { $0 == round })
      if round % 50 == 0 {
        rest = ContinuousClock.now
        while ContinuousClock.now - rest < .milliseconds(2) {}
      }
    }
  }

  @Test func `serves several callers, one after the other`() async {
    let pool = LanePool(lanes: 2)
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<100 { pool.run { _ in counter.value.add(1, ordering: .relaxed) } }
        }
      }
    }
    #expect(counter.count == 800)
  }

  @Test func `has fewer lanes where the system refuses threads`() async {
    await #expect(processExitsWith: .success) {
      // What the first pool of a process needs is there before memory becomes scarce.
      precondition(LanePool(lanes: 2).notice == nil)
      let memory = AlignedMemory(byteCount: 64 * 8)
      let counts = memory.view(of: Int.self, count: 64)
      // Leaves room for the stacks of a few threads.
      let statistics = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      let pages = Int(statistics.prefix { $0 != " " })!
      let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
      var limit = rlimit()
      unsafe getrlimit(resource, &limit)
      limit.rlim_cur = rlim_t(pages * Int(getpagesize()) + 24 << 20)
      unsafe setrlimit(resource, &limit)
      let pool = LanePool(lanes: 64)
      pool.run { counts[$0] += 1 }
      limit.rlim_cur = limit.rlim_max
      unsafe setrlimit(resource, &limit)
      precondition(pool.laneCount < 64 && pool.notice?.contains("instead of 64 threads") == true)
      precondition(counts.array == (0..<64).map { $0 < pool.laneCount ? 1 : 0 })
    }
  }
}

@Suite struct `Aligned memory` {
  @Test(arguments: [0, 1, 4096, 5 << 20]) func `is zero, aligned and as large as asked`(_ byteCount: Int) {
    let memory = AlignedMemory(byteCount: byteCount)
    let bytes = memory.view(of: UInt8.self, count: byteCount)
    #expect(bytes.count == byteCount)
    #expect(bytes.array.allSatisfy { $0 == 0 })
    bytes.fill(7)
    guard byteCount >= 4096 else { return }
    let words = memory.view(of: UInt32.self, at: 64, count: 16)
    words.fill(1)
    #expect(bytes[63] == 7 && bytes[64] == 1 && bytes[65] == 0 && bytes[128] == 7)
  }
}
