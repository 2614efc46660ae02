import NIOCore
import Synchronization
public import Transport
public import Wire

/// A place in a cluster, a server's shard or a worker's rank: given by the scheduler, which hears every few seconds that
/// it is still used.
///
/// A scheduler that is away is no reason to stop: who has the map needs nothing of it, and the place is announced again
/// when it is back.
public final class Membership: Sendable {
  /// The shard or rank.
  public let index: Int
  private let links: EventLoopLinks
  private let role: Role
  private let member: Identifier
  private let notice: @Sendable (String) -> Void
  private let renewals: Mutex<Task<Void, Never>?>

  private init(
    _ links: EventLoopLinks, _ role: Role, _ member: Identifier, index: Int,
    notice: @escaping @Sendable (String) -> Void
  ) {
    (self.links, self.role, self.member, self.index) = (links, role, member, index)
    self.notice = notice
    renewals = Mutex(nil)
  }

  deinit { renewals.withLock { $0?.cancel() } }

  /// Takes the place number `wanted` of the cluster of `scheduler`, or any that is free.
  ///
  /// - Parameter member: The id of the server's store, or of the worker.
  /// - Throws: ``ClientError`` if there is no such place, or if it stays taken.
  public static func join(
    _ scheduler: Address, as role: Role, member: Identifier, wanted: Int?, options: NetworkLinks.Options
  ) async throws -> (member: Membership, map: ShardMapReply) {
    let links = EventLoopLinks(scheduler, options: options)
    let waiting = Task {
      try await Task.sleep(for: .seconds(1))
      options.notice("waiting for the scheduler \(scheduler)")
    }
    defer { waiting.cancel() }
    let map = try await place(links, JoinRequest(role: role, index: wanted, address: "", member: member))
    let places = role == .server ? map.servers.count : map.defaults.workers
    guard let index = map.index, index < places else {
      throw ClientError.invalidAnswer(server: links.name(of: 0), problem: "it gives no place to a \(role)")
    }
    return (Membership(links, role, member, index: index, notice: options.notice), map)
  }

  /// Says, now and from now on, that the place is used. If the scheduler has given it to another one meanwhile, the user is
  /// told.
  ///
  /// - Parameter address: By which a server is reached; empty for a worker.
  public func renew(address: String = "") {
    let request = JoinRequest(role: role, index: index, address: address, member: member)
    renewals.withLock { task in
      task?.cancel()
      task = Task { [weak self] in
        var told: Refusal?
        while let answer = self?.renewal(request) {
          do { _ = try await answer.get() } catch ClientError.refused(let refusal) where refusal != told {
            told = refusal
            self?.tell(refusal)
          } catch {
            // A scheduler that is away is no reason to stop.
          }
          try? await Task.sleep(for: SchedulerCore.renewal)
        }
      }
    }
  }

  /// Asks for the place again; nil if renewals have ended, lest something is asked behind the end.
  private func renewal(_ request: JoinRequest) -> EventLoopFuture<Frame>? {
    renewals.withLock { _ in
      Task.isCancelled ? nil : links.futureAnswer(to: ServerRequest(reading: .join, request.payload))
    }
  }

  private func tell(_ refusal: Refusal) {
    notice("the scheduler \(links.name(of: 0)) sends nobody to this \(role) any more: \(refusal.text)")
  }

  /// Says no longer that the place is used. A worker's is free after a while, a server's stays its own, as its data does.
  public func stopRenewing() { renewals.withLock { $0?.cancel() } }

  /// How long a scheduler may take that is told of the end; one that is away forgets places by itself.
  private static let farewellTime = Duration.seconds(2)

  /// Gives the place back, for another one to take at once; a server does so whose data is no more.
  public func leave() async {
    stopRenewing()
    let request = JoinRequest(role: role, index: index, address: "", member: member)
    _ = try? await links.answer(to: ServerRequest(reading: .leave, request.payload, patience: Self.farewellTime))
  }

  private static func place(_ links: EventLoopLinks, _ request: JoinRequest) async throws -> ShardMapReply {
    let answer = try await links.answer(to: ServerRequest(reading: .join, request.payload))
    return try links.reading(0) { () throws(Refusal) in try ShardMapReply(reading: answer.payload) }
  }
}
