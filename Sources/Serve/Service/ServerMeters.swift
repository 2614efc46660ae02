package import CoreMetrics

/// What a train server reports of its parameter servers through swift-metrics, under names that begin with
/// `onlearn_parameter_server_` and the label `server`.
package struct ServerMeters: Sendable {
  private let factory: any MetricsFactory
  private var meters: [String: [Meter]] = [:]

  /// What is reported of each server, under which name.
  private static let reports: [(name: String, help: String, value: @Sendable (ServerHealth) -> Double)] = [
    ("up", "Whether the parameter server answers.", { $0.problem == nil ? 1 : 0 }),
    ("well", "Whether the parameter server answers and its disk works.", { $0.isWell ? 1 : 0 }),
    ("requests_per_second", "Requests that the parameter server answers.", { $0.requestsPerSecond }),
    ("refusals", "Requests that the parameter server has refused since it was started.", { $0.refusals }),
    ("updates", "Updates of all models of the parameter server.", { $0.updates }),
    ("connections", "Connections to the parameter server.", { $0.connections }),
    ("state_bytes", "Memory that the parameter server's tables take.", { $0.stateBytes }),
    ("state_limit_bytes", "Memory that the parameter server's tables may take; 0 for any.", { $0.stateLimit }),
    ("unsynced_records", "Records of the parameter server's log that are not on its disk yet.", { $0.unsyncedRecords }),
  ]

  private static let prefix = "onlearn_parameter_server_"

  /// What each metric means, for a back end that tells.
  static let descriptions = Dictionary(uniqueKeysWithValues: reports.map { (prefix + $0.name, $0.help) })

  /// Meters made by `factory`.
  package init(factory: any MetricsFactory) { self.factory = factory }

  /// Reports how `servers` do, which are all there are: one that has left, as it was started anew at another address,
  /// is not reported any more.
  package mutating func report(_ servers: [ServerHealth]) {
    for server in servers {
      let meters = meters[server.address] ?? makeMeters(server.address)
      self.meters[server.address] = meters
      for (report, meter) in zip(Self.reports, meters) { meter.set(report.value(server)) }
    }
    let present = Set(servers.map(\.address))
    for (address, gone) in meters where !present.contains(address) {
      for meter in gone { meter.destroy() }
      meters[address] = nil
    }
  }

  private func makeMeters(_ address: String) -> [Meter] {
    Self.reports.map { Meter(label: Self.prefix + $0.name, dimensions: [("server", address)], factory: factory) }
  }
}
