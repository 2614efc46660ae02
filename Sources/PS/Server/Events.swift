public import Wire

/// Names a connection as long as the server runs.
public typealias ConnectionID = UInt64

/// Who is at the other end of a connection.
public struct Peer: Hashable, Sendable {
  /// The client, whose session outlives its connections.
  public var clientID: Identifier
  /// What it may do.
  public var role: Role
  /// The largest payload that it accepts.
  public var receiveLimit: Int

  /// A client that has shown who it is.
  public init(clientID: Identifier, role: Role, receiveLimit: Int) {
    self.clientID = clientID
    self.role = role
    self.receiveLimit = receiveLimit
  }
}

/// What happens to a ``ServerCore``.
public enum Event: Sendable {
  /// A client is there. An older connection of the same client is closed with error 203.
  case connected(ConnectionID, Peer)
  /// A connection is gone; answers to it are no longer given.
  case disconnected(ConnectionID)
  /// A client asks.
  case request(Frame, from: ConnectionID)
  /// The records up to a number are in the log, and up to another one on disk.
  case logged(upTo: UInt64, durable: UInt64)
  /// No record behind the last ``logged(upTo:durable:)`` is in the log, or will be.
  case logFailed(LogFailure)
  /// The log has room again.
  case logAvailable
  /// The time that an ``Effect/wake(at:)`` asked for has come.
  case timer
  /// A request of a type took so long from its arrival to its answer.
  case measured(MessageType, Duration)
}

/// Why a log takes no records.
public enum LogFailure: Hashable, Sendable {
  /// The disk is full: the server reads only until ``Event/logAvailable``.
  case full
  /// Writing or syncing failed: nothing can be promised any more.
  case broken
}

/// What a ``ServerCore`` wants done.
public enum Effect: Sendable {
  /// Send an answer.
  case reply(Frame, to: ConnectionID)
  /// Send an answer in the parts that ``ServerCore/nextPart(of:)`` gives, before anything else happens to the core.
  case stream(StreamedReply, to: ConnectionID)
  /// Say why, then close the connection. Nothing more comes for it.
  case close(ConnectionID, Refusal)
  /// Add a record to the log, then say so by ``Event/logged(upTo:durable:)``. Numbers ascend by one.
  case append(LogRecord)
  /// Say ``Event/timer`` at that time, or earlier: then a later one is wished for if there is still need.
  case wake(at: Instant)
}
