import Glibc

/// The system's clock that never goes back.
public enum MonotonicClock {
  /// Nanoseconds since some moment in the past; reading takes some 20 of them.
  public static var nanoseconds: UInt64 {
    var time = timespec()
    // Safety: the call fills the structure, which outlives it.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
