import ArgumentParser
import Transport

/// Where a train server listens.
struct ListeningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where to listen for OLP/1, unix:PATH included; none for nowhere.", valueName: "HOST:PORT"))
  var listen = "127.0.0.1:7072"

  @Option(help: ArgumentHelp("Where to listen for HTTP; none for nowhere.", valueName: "HOST:PORT"))
  var http = "127.0.0.1:8080"

  func validate() throws {
    _ = try wireAddress()
    _ = try webAddress()
  }

  /// Where to listen for OLP/1, if anywhere.
  func wireAddress() throws -> Address? {
    guard listen != "none" else { return nil }
    do throws(AddressError) { return try Address(listen) } catch { throw ValidationError("--listen: \(error).") }
  }

  /// Where to listen for HTTP, if anywhere.
  func webAddress() throws -> (host: String, port: Int)? {
    guard http != "none" else { return nil }
    guard case .tcp(let host, let port) = try? Address(http) else {
      throw ValidationError("--http takes HOST:PORT or none.")
    }
    return (host, port)
  }
}
