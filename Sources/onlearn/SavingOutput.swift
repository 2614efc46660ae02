import Serve

/// Standard output of a command that saves what it has done before it ends: if it cannot be written any more, the
/// command is asked to stop.
final class SavingOutput {
  private let stop: StopRequest
  private var problem: Int32?

  /// Asks `stop` if something cannot be written.
  init(orRequesting stop: StopRequest) { self.stop = stop }

  /// Writes `text`, unless something before could not be written.
  func write(_ text: String) {
    guard problem == nil else { return }
    problem = Output.failure(writing: text)
    if problem != nil { stop.request() }
  }

  /// Ends the process if something could not be written: everything is saved by now.
  func finish() {
    if let problem { Output.end(after: problem) }
  }
}
