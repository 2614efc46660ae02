import Wire

/// What a server counts.
struct ServerStatistics: Sendable {
  /// What is known of messages of one type.
  private struct Traffic: Sendable {
    var requests: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var durations = DurationSummary()
  }

  /// The examples that gradients were the mean over.
  var examples: UInt64 = 0

  /// By the number of the type; all types without a name have one.
  private var traffic: [UInt8: Traffic] = [:]
  private var refusals: [UInt16: UInt64] = [:]
  /// How many pushes were computed from values that lacked so many updates: 0, 1, 2 to 3, 4 to 7, ….
  private var staleness = [UInt64](repeating: 0, count: 18)

  mutating func receive(_ frame: Frame) {
    traffic[frame.header.type.statisticsNumber, default: Traffic()].requests += 1
    traffic[frame.header.type.statisticsNumber]?.bytesIn += UInt64(frame.byteCount)
  }

  mutating func send(_ header: FrameHeader) {
    traffic[header.type.statisticsNumber, default: Traffic()].bytesOut +=
      UInt64(FrameHeader.byteCount) + UInt64(header.length)
  }

  mutating func refuse(_ code: ErrorCode) { refusals[code.rawValue, default: 0] += 1 }

  mutating func measure(_ type: MessageType, _ duration: Duration) {
    traffic[type.statisticsNumber, default: Traffic()].durations.add(duration)
  }

  /// Notes that a push was computed from values that lacked `updates` updates.
  mutating func pushed(behind updates: UInt64) {
    let bucket = UInt64.bitWidth - updates.leadingZeroBitCount
    staleness[min(bucket, staleness.count - 1)] += 1
  }

  /// The figures by name.
  var figures: [(name: String, value: Double)] {
    var figures: [(name: String, value: Double)] = [("examples", Double(examples))]
    for (number, traffic) in traffic.sorted(by: { $0.key < $1.key }) {
      let name = MessageType(rawValue: number).statisticsName
      figures.append(("\(name).requests", Double(traffic.requests)))
      figures.append(("\(name).bytes_in", Double(traffic.bytesIn)))
      figures.append(("\(name).bytes_out", Double(traffic.bytesOut)))
      figures += traffic.durations.figures(name)
    }
    for (code, count) in refusals.sorted(by: { $0.key < $1.key }) { figures.append(("refused.\(code)", Double(count))) }
    for (bucket, count) in staleness.enumerated() where count > 0 {
      figures.append(("staleness.from_\(bucket == 0 ? 0 : 1 << (bucket - 1))", Double(count)))
    }
    return figures
  }
}

extension ServerCore {
  /// The figures that an administrator is told.
  var figures: [(name: String, value: Double)] {
    var figures: [(name: String, value: Double)] = [
      ("connections", Double(connections.count)),
      ("sessions", Double(applied.sessions.slots.lazy.filter { $0 != nil }.count)),
      ("log.last_lsn", Double(applied.lastLSN)), ("log.durable_lsn", Double(durableLSN)),
      ("log.waiting", Double(pending.count)), ("state.bytes", Double(stateByteCount)),
    ]
    if configuration.memoryLimit < .max { figures.append(("state.limit_bytes", Double(configuration.memoryLimit))) }
    figures += storeFigures
    figures += statistics.figures
    for number in applied.models.keys.sorted() {
      guard let state = applied.models[number], let store = stores[number] else { continue }
      let name = "model.\(state.schema.name)"
      figures.append(("\(name).version", Double(state.version)))
      figures.append(("\(name).rows", Double(store.tensors.rowCount)))
      figures.append(("\(name).clock", Double(store.slowestClock)))
      figures.append(("\(name).waiting", Double(store.waiting.count)))
      figures.append(("\(name).gradients_waiting", Double(store.gradients.count)))
    }
    return figures
  }
}

extension MessageType {
  /// The number that a type is counted under.
  fileprivate var statisticsNumber: UInt8 { statisticsName == Self.nameOfOthers ? .max : rawValue }

  private static var nameOfOthers: String { "other" }

  /// The name of a type in statistics.
  fileprivate var statisticsName: String {
    switch self {
    case .registerModel: "register"
    case .pull: "pull"
    case .pullDense: "pull_dense"
    case .pullSparse: "pull_sparse"
    case .pushDense: "push_dense"
    case .pushSparse: "push_sparse"
    case .pushPull: "push_pull"
    case .clock: "clock"
    case .stats: "stats"
    case .getOffsets: "get_offsets"
    case .setHyperparameters: "set_hyperparameters"
    case .putValues: "put_values"
    case .getValues: "get_values"
    case .dropModel: "drop_model"
    case .describeModel: "describe_model"
    default: Self.nameOfOthers
    }
  }
}
