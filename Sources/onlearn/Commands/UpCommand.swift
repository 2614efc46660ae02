import ArgumentParser
import PS
import Transport

/// Runs parameter servers and a train server on this machine, in one process.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Run a whole system on this machine: parameter servers and a train server, in one process.",
    discussion: """
      Example: onlearn up --servers 2 --workers 2 --models Models
      Then:    onlearn train -m mlp --server 127.0.0.1:7072 --data fashion-mnist
               onlearn score -m mlp --server 127.0.0.1:7072 --data fashion-mnist:test

      SIGTERM or SIGINT ends it: batches that wait are trained first. What was learned is kept in memory only.
      """)

  @Option(help: "The folder of the models, as for serve.")
  var models: String

  @Option(name: [.short, .long], help: "How many parameter servers share the parameters.")
  var servers = 1

  @Option(name: [.short, .long], help: "Batches of one model in training at the same time.")
  var workers = 2

  @Option(help: ArgumentHelp("Where to listen for OLP/1; none for nowhere.", valueName: "HOST:PORT"))
  var listen = "127.0.0.1:7072"

  @Option(help: ArgumentHelp("Where to listen for HTTP; none for nowhere.", valueName: "HOST:PORT"))
  var http = "127.0.0.1:8080"

  func validate() throws {
    guard (1...64).contains(servers) else { throw ValidationError("--servers must be between 1 and 64.") }
  }

  func run() async throws {
    var running: [ParameterServer] = []
    do {
      try await CommandError.reporting {
        for shard in 0..<servers {
          var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
          (options.shard, options.shards) = (shard, servers)
          running.append(try await ParameterServer.start(options))
        }
      }
      let addresses = running.map { "\($0.address)" }.joined(separator: ",")
      Output.write("parameter servers: \(addresses)\n")
      let serve = try ServeCommand.parse([
        "--models", models, "--store", "ps:\(addresses)", "--workers", "\(workers)", "--listen", listen, "--http", http,
      ])
      try await serve.run()
    } catch {
      for server in running { try? await server.stop() }
      throw error
    }
    for server in running { try await server.stop() }
  }
}
