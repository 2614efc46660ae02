public import Wire

/// What answers the requests that arrive at a ``Listener``.
///
/// A service lives on one event loop: all of it is called there, one call at a time and never from within another, so
/// its state needs no locks. It may answer a request at once or later, in any order, each request once; many answers
/// given in one turn of the loop leave together.
public protocol FrameService: AnyObject, SendableMetatype {
  /// What the challenge of the next connection says.
  var identity: ServerIdentity { get }

  /// Clients can reach it from now on. Before this it does nothing, as it may turn out that it cannot listen.
  func started()

  /// Where the session of a client stands that has shown who it is.
  ///
  /// - Throws: Why it may not come in, such as that its identifier belongs to another key.
  func session(of client: ClientIdentity) throws(Refusal) -> SessionState

  /// A connection may send requests from now on.
  func connected(_ connection: ServiceConnection)

  /// A request has come; answer it with ``ServiceConnection/reply(_:)`` or ``ServiceConnection/refuse(_:answering:)``.
  func received(_ request: Frame, on connection: ServiceConnection)

  /// A connection is over; answers to its requests go nowhere.
  func disconnected(_ connection: ServiceConnection)
}
