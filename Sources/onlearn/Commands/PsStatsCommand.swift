import ArgumentParser
import JSON
import PS
import Serve
import Transport
import Wire

/// Prints the figures of running servers.
struct PsStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Print what servers have counted: traffic by message, models, rows, sessions, staleness.",
    discussion: "Example: onlearn ps stats 127.0.0.1:7070")

  @Argument(help: "The scheduler, or servers.")
  var addresses: [Address]

  @OptionGroup var access: ServerAccessOptions

  @Flag(help: "Print a JSON object per server.")
  var json = false

  func run() throws { try CommandError.reporting(print) }

  private func print() throws {
    let options = try access.options().linkOptions(.reader)
    for address in try Cluster.find(addresses, options: options).servers {
      let figures = try Cluster.statistics(of: address, options: options)
      if json {
        var object = ObjectText()
        object.add("server", "\(address)")
        for figure in figures { object.add(figure.name, figure.value) }
        Output.write(object.text + "\n")
      } else {
        Output.write("\(address)\n")
        for figure in figures {
          let number = Int(exactly: figure.value).map(String.init) ?? "\(figure.value)"
          Output.write("  \(figure.name.padding(to: 40)) \(number)\n")
        }
      }
    }
  }
}

extension String {
  /// The string with spaces behind it, `width` characters in all.
  fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
