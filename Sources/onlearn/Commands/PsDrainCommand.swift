import ArgumentParser
import Files
import Glibc
import JSON
import PS
import Serve
import Transport
import Wire

/// Waits until servers are at the same point.
struct PsDrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract:
      "Wait until servers have applied the same part of every stream, so that they can be stopped and resharded.",
    discussion: """
      Stop the workers first, then drain, then stop the servers with SIGTERM. A server that lacks the last batch of a worker
      which died gets it when a worker reads the stream again ('onlearn train --resume'). Where that cannot be, --skip
      counts the batch as applied: what it would have taught that server is lost.

      Example: onlearn ps drain 127.0.0.1:7070
      """)

  @Argument(help: "The scheduler, or all servers.")
  var addresses: [Address]

  @Flag(help: "Count what servers lack at the end of --timeout as applied; not for models whose workers keep in step.")
  var skip = false

  @OptionGroup var access: ServerAccessOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws { try CommandError.reporting(drain) }

  private func drain() throws {
    let options = try access.options().linkOptions(.worker)
    let drain = ClusterDrain(try Cluster.find(addresses, options: options).servers, options: options)
    let end = ContinuousClock.now + .seconds(access.timeout)
    var obstacles = try drain.obstacles()
    while !obstacles.isEmpty, ContinuousClock.now < end {
      usleep(200_000)
      obstacles = try drain.obstacles()
    }
    var skipped: [String] = []
    if skip {
      for case .stream(let lag) in obstacles {
        try drain.skip(lag)
        skipped.append("\(ClusterDrain.Obstacle.stream(lag))")
        if !json { Output.write("skipped: \(ClusterDrain.Obstacle.stream(lag))\n") }
      }
      obstacles = try drain.obstacles()
    }
    if json { Output.write(Self.object(obstacles.map { "\($0)" }, skipped)) }
    guard obstacles.isEmpty else {
      if !json { for obstacle in obstacles { Output.write("\(obstacle)\n") } }
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    }
    if !json { Output.write("all servers are at the same point\n") }
  }

  private static func object(_ obstacles: [String], _ skipped: [String]) -> String {
    var object = ObjectText()
    object.add("drained", obstacles.isEmpty)
    object.add("obstacles", obstacles)
    object.add("skipped", skipped)
    return object.text + "\n"
  }
}
