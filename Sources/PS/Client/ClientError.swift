public import Files
public import Wire

/// Why a parameter server did not do what a client asked for.
public enum ClientError: Error, Hashable, Sendable {
  /// The server says no; nothing was changed.
  case refused(Refusal)
  /// No server answered in time; for a push, the outcome is unknown.
  case unavailable(server: String, waited: Duration, lastProblem: String)
  /// The server speaks another protocol or does not accept the client.
  case rejected(server: String, problem: String)
  /// The server at an address has another store than before.
  case otherStore(server: String, expected: Identifier, found: Identifier)
  /// The server is another shard than the one that was expected there.
  case otherShard(server: String, expected: String, found: String)
  /// The server has forgotten the model: it was started again without what it had learned.
  case forgotten(server: String, model: String)
  /// An earlier mutation had an unknown outcome, so that no further one can be sent in order.
  case outcomeUnknown(server: String)
  /// More servers are named than a cluster can have.
  case tooManyServers(Int)
  /// Not all servers of the cluster have joined.
  case incompleteMap(joined: Int, of: Int)
  /// An answer that does not fit the question: the two ends disagree about the protocol.
  case invalidAnswer(server: String, problem: String)

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus {
    switch self {
    case .refused(let refusal):
      switch refusal.code.rawValue {
      case 200..<300: .notAllowed
      case 300..<400: .badData
      default: .unavailable
      }
    case .rejected: .notAllowed
    case .tooManyServers: .usage
    default: .unavailable
    }
  }
}

extension ClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let refusal): "the parameter server refuses: \(refusal)"
    case .unavailable(let server, let waited, let problem):
      "no answer from the parameter server \(server) in \(waited): \(problem)"
    case .rejected(let server, let problem): "the parameter server \(server) cannot be used: \(problem)"
    case .otherStore(let server, let expected, let found):
      "the parameter server \(server) has the store \(found), expected \(expected): its data folder was replaced; "
        + "start it with the right one, or start the training anew"
    case .otherShard(let server, let expected, let found):
      "the parameter server \(server) is \(found), expected \(expected): list the servers in the order of their shards"
    case .forgotten(let server, let model):
      "the parameter server \(server) does not know '\(model)' any more: it was started without what it had learned; start "
        + "it with its data folder, or begin anew with empty folders on all servers"
    case .outcomeUnknown(let server):
      "it is unknown whether the parameter server \(server) applied an earlier push, so no further one is sent"
    case .tooManyServers(let count):
      "\(count) parameter servers are named, and a cluster has at most \(ShardMap.slotCount)"
    case .incompleteMap(let joined, let count):
      "only \(joined) of \(count) parameter servers have joined; start the others"
    case .invalidAnswer(let server, let problem): "the parameter server \(server) answers nonsense: \(problem)"
    }
  }
}
