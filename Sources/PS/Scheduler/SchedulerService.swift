public import Transport
public import Wire

/// A ``SchedulerCore`` on a listener.
public final class SchedulerService: FrameService {
  public let identity: ServerIdentity
  private var core: SchedulerCore

  /// A scheduler of a cluster of `servers` servers.
  public init(servers: Int, defaults: TrainingDefaults) {
    // It keeps nothing, so that one that was started again is as good as the one before.
    let storeID = Identifier(bytes: Array("onlearnscheduler".utf8))
    identity = ServerIdentity(storeID: storeID, bootID: UInt64.random(in: 1 ... .max))
    core = SchedulerCore(servers: servers, defaults: defaults, now: .now())
  }

  public func started() {}

  public func session(of client: ClientIdentity) -> SessionState { SessionState() }

  public func connected(_ connection: ServiceConnection) {}

  public func received(_ request: Frame, on connection: ServiceConnection) {
    connection.reply(core.answer(request, role: connection.client.role, now: .now()))
  }

  public func disconnected(_ connection: ServiceConnection) {}
}
