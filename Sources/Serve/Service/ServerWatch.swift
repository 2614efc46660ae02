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
    var meters: ServerMeters
    var isLooking = false
  }

  private let addresses: [Address]
  private let options: ClusterOptions
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "onlearn.watch")

  /// Watches the servers that are reached by `addresses`.
  init(_ addresses: [Address], options: ClusterOptions, metrics: any MetricsFactory) {
    var options = options
    options.patience = .seconds(2)
    (self.addresses, self.options) = (addresses, options)
    state = Mutex(State(meters: ServerMeters(factory: metrics)))
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
      state.meters.report(health)
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
}
