import Kernels
import Testing

@Suite struct `A set of cores` {
  @Test func `is where a thread that uses it may run`() {
    let all = CoreSet.ofThread
    #expect(all.singles.count == LanePool.coreCount)
    for core in all.singles {
      core.use()
      #expect(CoreSet.ofThread == core && core.singles == [core])
    }
    all.use()
    #expect(CoreSet.ofThread == all)
  }
}
