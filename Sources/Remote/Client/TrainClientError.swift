public import Files
import PS
public import Wire

/// Why a train server did not do what a client asked for.
public enum TrainClientError: Error, Hashable, Sendable {
  /// The server says no; nothing was changed.
  case refused(Refusal)
  /// No answer came in time; whether a batch was applied is unknown, and sending it again is safe if it has a source.
  case unavailable(server: String, waited: Duration, problem: String)
  /// The server cannot tell whether it has applied a batch that has no source.
  case outcomeUnknown(server: String)
  /// The server does not accept the client, or is no train server.
  case unusable(server: String, problem: String)

  init(_ error: any Error, server: String) {
    switch error {
    case ClientError.refused(let refusal): self = .refused(refusal)
    case ClientError.unavailable(_, let waited, let problem):
      self = .unavailable(server: server, waited: waited, problem: problem)
    case ClientError.outcomeUnknown: self = .outcomeUnknown(server: server)
    case ClientError.rejected(_, let problem), ClientError.invalidAnswer(_, let problem):
      self = .unusable(server: server, problem: problem)
    default: self = .unusable(server: server, problem: "\(error)")
    }
  }

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus {
    switch self {
    case .refused(let refusal) where refusal.code == .unknownModel: .noInput
    case .refused(let refusal) where (300..<400).contains(refusal.code.rawValue): .badData
    case .refused, .unavailable, .outcomeUnknown, .unusable: .unavailable
    }
  }
}

extension TrainClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let refusal): "the train server refuses: \(refusal)"
    case .unavailable(let server, let waited, let problem):
      "no answer from the train server \(server) in \(waited): \(problem)"
    case .outcomeUnknown(let server):
      "the train server \(server) cannot tell whether it has applied a batch that has no source; sent again, it may "
        + "count twice"
    case .unusable(let server, let problem): "the train server \(server) cannot be used: \(problem)"
    }
  }
}
