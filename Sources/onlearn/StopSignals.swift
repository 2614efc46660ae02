import Dispatch
import Glibc
import Serve

/// Turns SIGINT and SIGTERM into a wish to stop; a second one ends the process at once.
final class StopSignals {
  /// The wish.
  let stop = StopRequest()
  private let sources: [any DispatchSourceSignal]

  /// Listens from now on.
  init() {
    let stop = stop
    // An ignored signal still reaches the dispatch sources.
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if stop.isRequested { _exit(128 + number) }
        stop.request()
      }
      source.resume()
      return source
    }
    // A closed pipe is reported by `write`.
    signal(SIGPIPE, SIG_IGN)
  }
}
