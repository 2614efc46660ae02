import Dispatch
import Glibc
import Serve

/// Turns SIGINT and SIGTERM into a wish to stop; a second one ends the process at once.
final class StopSignals {
  /// The wish, for those who look.
  let stop = StopRequest()
  /// Ends when the first signal comes, for those who wait.
  let wish: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  /// Listens from now on.
  init() {
    let stop = stop
    let first = StopRequest()
    let (wish, continuation) = AsyncStream.makeStream(of: Void.self)
    self.wish = wish
    // One after another, so that two signals at once are a first and a second.
    let queue = DispatchQueue(label: "onlearn.signals")
    // An ignored signal still reaches the dispatch sources.
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        // Others may have asked to stop: only a second signal is one too many.
        if first.isRequested { _exit(128 + number) }
        first.request()
        stop.request()
        continuation.finish()
      }
      source.resume()
      return source
    }
    // A closed pipe is reported by `write`.
    signal(SIGPIPE, SIG_IGN)
  }
}
