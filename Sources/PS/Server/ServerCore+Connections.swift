import NIOCore
import Wire

extension ServerCore {
  mutating func connect(_ connection: ConnectionID, _ peer: Peer) {
    if let old = connectionOfClient[peer.clientID] {
      connections[old] = nil
      effects.append(.close(old, Refusal(.fenced, "this client has connected again")))
    }
    connections[connection] = Connection(peer: peer)
    connectionOfClient[peer.clientID] = connection
    departed.remove(peer.clientID)
  }

  mutating func disconnect(_ connection: ConnectionID) {
    guard let gone = connections.removeValue(forKey: connection) else { return }
    let client = gone.peer.clientID
    connectionOfClient[client] = nil
    for number in stores.keys where stores[number]?.waiting.isEmpty == false {
      stores[number]?.waiting.removeAll { $0.reading.target.connection == connection }
    }
    guard accepted.sessions.slot(of: client) != nil else { return }
    departed.add(client, at: now)
    // Who waits for this worker need not for ever.
    if stores.keys.contains(where: { applied.models[$0]?.clocks.rank(of: client) != nil }) {
      effects.append(.wake(at: now + configuration.workerTimeout))
    }
  }

  mutating func receive(_ frame: Frame, on connection: ConnectionID) {
    guard let peer = connections[connection]?.peer else { return }
    statistics.receive(frame)
    let target = Target(connection: connection, type: frame.header.type, requestID: frame.header.requestID)
    do throws(Refusal) {
      let epoch = frame.header.epoch
      guard epoch == 0 || epoch == configuration.epoch else {
        throw Refusal(
          .staleEpoch, detail: UInt64(configuration.epoch), "routed by epoch \(epoch) of the shard map, not by today's")
      }
      switch frame.header.type {
      case .registerModel, .pushDense, .pushSparse, .pushPull, .clock, .putValues, .setHyperparameters:
        try require(.worker, peer)
        try mutate(frame, peer, target)
      case .dropModel:
        try require(.admin, peer)
        try mutate(frame, peer, target)
      case .pull, .pullDense, .pullSparse: try read(frame, peer, target)
      case .getValues: try getValues(frame, peer, target)
      case .getOffsets: try getOffsets(frame, target)
      case .describeModel: try describe(frame, target)
      case .stats: reply(FiguresReply(figures).payload, to: target)
      default: throw Refusal(.unknownType, "a parameter server knows no message of type \(frame.header.type)")
      }
    } catch {
      refuse(error, target)
    }
  }

  private func require(_ role: Role, _ peer: Peer) throws(Refusal) {
    guard peer.role.includes(role) else {
      throw Refusal(.forbidden, "a client that is no \(role == .admin ? "administrator" : "worker") may not do this")
    }
  }

  /// Answers, if the connection is still there.
  mutating func reply(_ payload: ByteBuffer, flags: FrameFlags = [], to target: Target) {
    send(frame(payload, flags: flags, to: target), to: target.connection)
  }

  /// The answer with `payload`.
  func frame(_ payload: ByteBuffer, flags: FrameFlags, to target: Target) -> Frame {
    Frame(
      target.type, flags: flags.union(.response), epoch: configuration.epoch, requestID: target.requestID,
      payload: payload)
  }

  /// Answers with an error, if the connection is still there.
  mutating func refuse(_ refusal: Refusal, isDuplicate: Bool = false, _ target: Target) {
    statistics.refuse(refusal.code)
    let error = refusal.frame(answering: target.type, requestID: target.requestID)
    send(isDuplicate ? error.flagged(.duplicate) : error, to: target.connection)
    if refusal.closesConnection, connections[target.connection] != nil {
      effects.append(.close(target.connection, refusal))
    }
  }

  /// The header of an answer with a payload of `byteCount` bytes.
  func header(of byteCount: Int, flags: FrameFlags, to target: Target) -> FrameHeader {
    FrameHeader(
      type: target.type, flags: flags.union(.response), length: UInt32(byteCount), epoch: configuration.epoch,
      requestID: target.requestID)
  }

  mutating func send(_ frame: Frame, to connection: ConnectionID) {
    guard connections[connection] != nil else { return }
    statistics.send(frame.header)
    effects.append(.reply(frame, to: connection))
  }

  mutating func send(_ reply: StreamedReply, to connection: ConnectionID) {
    guard connections[connection] != nil else { return }
    statistics.send(reply.header)
    effects.append(.stream(reply, to: connection))
  }
}
