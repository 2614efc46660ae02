/// What all connections of a server take together, and how much they may.
///
/// One value per server, handed to whichever connection has something to do.
public struct ServerLoad: Sendable {
  /// How much may be taken.
  public let limits: Limits
  /// The bytes of requests that are not answered yet, or on their way in.
  public private(set) var requestBytes = 0
  /// The bytes that wait to be taken by clients.
  public private(set) var outboundBytes = 0
  /// The answers to failed authentications that are held back.
  public private(set) var delayedAnswers = 0

  /// Nothing taken yet.
  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Takes room for a request, if there is some. Large ones leave an eighth of it to small ones, so that a few clients
  /// who announce much and send little do not keep all others waiting. There is none while clients take too little.
  mutating func reserve(_ byteCount: Int) -> Bool {
    guard outboundBytes <= limits.totalOutboundBytes else { return false }
    let isSmall = byteCount <= Limits.smallRequest
    let room = limits.totalRequestBytes - (isSmall ? 0 : limits.totalRequestBytes / 8)
    guard requestBytes + byteCount <= room else { return false }
    requestBytes += byteCount
    return true
  }

  mutating func release(_ byteCount: Int) {
    precondition(requestBytes >= byteCount, "\(byteCount) bytes released of \(requestBytes)")
    requestBytes -= byteCount
  }

  /// More bytes wait to be taken, or fewer.
  mutating func changeOutbound(by byteCount: Int) {
    outboundBytes += byteCount
    precondition(outboundBytes >= 0, "\(outboundBytes) bytes wait to be taken")
  }

  mutating func delayAnswer() -> Bool {
    guard delayedAnswers < limits.authenticationsDelayed else { return false }
    delayedAnswers += 1
    return true
  }

  mutating func answered() {
    precondition(delayedAnswers > 0, "more answers given than held back")
    delayedAnswers -= 1
  }
}
