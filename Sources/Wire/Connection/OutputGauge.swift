/// How a peer takes what it is sent.
public struct OutputGauge: Hashable, Sendable {
  /// The bytes that were sent and not taken yet.
  public private(set) var waiting = 0
  /// Whether so much waits that the peer should ask for nothing more.
  public private(set) var isCongested = false
  private var sent = 0
  private var taken = 0
  private var lastProgress = Instant()

  /// Nothing sent yet.
  public init() {}

  /// `byteCount` more bytes are sent.
  mutating func send(_ byteCount: Int, limits: Limits, now: Instant) {
    update(waiting: waiting + byteCount, sent: sent + byteCount, limits: limits, now: now)
  }

  /// `waiting` of the bytes that were sent are not taken yet.
  mutating func update(waiting: Int, limits: Limits, now: Instant) {
    update(waiting: waiting, sent: sent, limits: limits, now: now)
  }

  private mutating func update(waiting: Int, sent: Int, limits: Limits, now: Instant) {
    if self.waiting == 0 || sent - waiting > taken {
      lastProgress = now
      taken = sent - waiting
    }
    self.sent = sent
    self.waiting = waiting
    isCongested = waiting > (isCongested ? limits.outboundLowMark : limits.outboundHighMark)
  }

  /// When the peer has taken nothing for `time`, if it goes on like this.
  func stalls(after time: Duration) -> Instant {
    waiting > 0 ? lastProgress + time : Instant(nanoseconds: .max)
  }
}
