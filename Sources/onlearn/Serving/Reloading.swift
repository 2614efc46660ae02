import Logging
import Serve
import ServiceLifecycle
import UnixSignals

/// Reads the models' files again whenever SIGHUP comes.
struct Reloading: Service {
  let models: ModelService
  let logger: Logger

  func run() async throws {
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    await cancelWhenGracefulShutdown {
      for await _ in hangups {
        logger.info("reloading")
        await models.reload()
      }
    }
  }
}
