import PS

/// How a parameter server does, as the train server sees it.
public struct ServerHealth: Sendable {
  /// What has become of a server's log.
  public enum Log: String, Sendable {
    /// It keeps none: what it has learned goes with the process.
    case none = "off"
    /// What it acknowledges is in its log.
    case working
    /// Its disk is full: it only reads.
    case full
    /// Its disk has failed.
    case broken
  }

  /// Where it listens.
  public var address: String
  /// Why it does not answer; `nil` if it does.
  public var problem: String?
  /// The requests that it has answered, and how many in a second.
  public var requests = 0.0
  public var requestsPerSecond = 0.0
  /// The requests that it has refused.
  public var refusals = 0.0
  /// The updates of all its models together.
  public var updates = 0.0
  /// The connections, this one included.
  public var connections = 0.0
  /// The bytes of what it has learned.
  public var stateBytes = 0.0
  /// The most bytes that this may have; 0 if nothing limits it.
  public var stateLimit = 0.0
  /// What has become of its log.
  public var log = Log.none
  /// The records of its log that are not on the disk yet.
  public var unsyncedRecords = 0.0
  /// How long its disk took at the longest to make records durable, in seconds; NaN if it never had to.
  public var longestSync = Double.nan
  /// How old its last snapshot is, in seconds; NaN if there is none.
  public var snapshotAge = Double.nan

  /// Whether it answers and can learn.
  public var isWell: Bool { problem == nil && (log == .none || log == .working) }

  /// A server that does not answer.
  package init(_ address: String, problem: String) { (self.address, self.problem) = (address, problem) }

  /// A server that told `figures`, some time after it was as in `last`.
  init(_ address: String, _ figures: [FiguresReply.Figure], after last: (health: ServerHealth, time: Duration)?) {
    self.address = address
    for figure in figures { take(figure.name, figure.value) }
    unsyncedRecords = log == .none ? 0 : max(0, unsyncedRecords)
    // A server that was started anew counts from zero.
    if let last, last.health.problem == nil, requests >= last.health.requests {
      requestsPerSecond = (requests - last.health.requests) / (last.time / .seconds(1))
    }
  }

  private mutating func take(_ name: String, _ value: Double) {
    switch name {
    case "connections": connections = value
    case "state.bytes": stateBytes = value
    case "state.limit_bytes": stateLimit = value
    case "log.last_lsn": unsyncedRecords += value
    case "log.durable_lsn": unsyncedRecords -= value
    case "log.bytes": if log == .none { log = .working }
    case "log.is_full": if value == 1 { log = .full }
    case "log.is_broken": if value == 1 { log = .broken }
    case "log.sync.max_seconds": longestSync = value
    case "snapshot.age_seconds": snapshotAge = value
    default:
      if name.hasSuffix(".requests") { requests += value }
      if name.hasPrefix("refused.") { refusals += value }
      if name.hasPrefix("model."), name.hasSuffix(".version") { updates += value }
    }
  }
}
