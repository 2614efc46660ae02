import CoreMetrics
import Dispatch
import PS
import Synchronization
import Transport
import Wire

/// Asks the parameter servers of a train server again and again how they do.
final class ServerWatch: Sendable {
  private struct State {
    var health: [ServerHealth] = []
    var time = ContinuousClock.now
    var meters: [String: [Meter]] = [:]
    var isLooking = false
  }

  private let addresses: [Address]
  private let options: ClusterOptions
  private let metrics: any MetricsFactory
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "onlearn.watch")

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

  /// Watches the servers that are reached by `addresses`.
  init(_ addresses: [Address], options: ClusterOptions, metrics: any MetricsFactory) {
    var options = options
    options.patience = .seconds(2)
    (self.addresses, self.options, self.metrics) = (addresses, options, metrics)
  }

  /// How the servers did when they were last asked.
  var health: [ServerHealth] { state.withLock { $0.health } }

  /// Asks them, on a thread that may wait, unless that is being done.
  func lookSoon() {
    let isFree = state.withLock { state in
      defer { state.isLooking = true }
      return !state.isLooking
    }
    if isFree { queue.async { self.look() } }
  }

  private func look() {
    let (last, lastTime) = state.withLock { ($0.health, $0.time) }
    let health = ask(after: last, since: lastTime)
    state.withLock { state in
      state.health = health
      state.time = .now
      for server in health {
        let meters = state.meters[server.address] ?? makeMeters(server.address)
        state.meters[server.address] = meters
        for (report, meter) in zip(Self.reports, meters) { meter.set(report.value(server)) }
      }
      state.isLooking = false
    }
  }

  private func ask(after last: [ServerHealth], since time: ContinuousClock.Instant) -> [ServerHealth] {
    let options = options.linkOptions(.reader)
    let servers: [Address]
    do {
      servers = try Cluster.find(addresses, options: options).servers
    } catch {
      // Nobody says which servers there are: those known are as they are, as far as can be told.
      let known = last.isEmpty ? addresses.map(\.description) : last.map(\.address)
      return known.map { ServerHealth($0, problem: "\(error)") }
    }
    return servers.map { server in
      let name = "\(server)"
      do {
        let figures = try Cluster.statistics(of: server, options: options)
        let before = last.first { $0.address == name }
        return ServerHealth(name, figures, after: before.map { ($0, ContinuousClock.now - time) })
      } catch {
        return ServerHealth(name, problem: "\(error)")
      }
    }
  }

  private func makeMeters(_ address: String) -> [Meter] {
    Self.reports.map { Meter(label: Self.prefix + $0.name, dimensions: [("server", address)], factory: metrics) }
  }
}
