import ArgumentParser
import JSON
import PS
import Serve
import Transport
import Wire

/// Lets running servers write snapshots.
struct PsSnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Let servers write what they have learned into their folders as a whole, beside their work.",
    discussion: """
      The log has everything anyway; behind a snapshot the next start is faster, and the log before it is removed.
      Example: onlearn ps snapshot 127.0.0.1:7070 --wait
      """)

  @Argument(help: "The scheduler, or servers.")
  var addresses: [Address]

  @Flag(help: "Wait until the snapshots are in place.")
  var wait = false

  @OptionGroup var access: ServerAccessOptions

  @Flag(help: "Print a JSON object per server.")
  var json = false

  func run() throws { try CommandError.reporting(snapshot) }

  private func snapshot() throws {
    let options = try access.options().linkOptions(.admin)
    for address in try Cluster.find(addresses, options: options).servers {
      let reply = try Cluster.snapshot(of: address, waits: wait, options: options)
      Output.write(json ? object(reply, of: address) : line(reply, of: address))
    }
  }

  private func line(_ reply: SnapshotReply, of server: Address) -> String {
    let size = wait ? "is in place, \(reply.byteCount) bytes" : "is being written"
    return "\(server): the snapshot up to record \(reply.lsn) \(size)\n"
  }

  private func object(_ reply: SnapshotReply, of server: Address) -> String {
    let size: UInt64? = wait ? reply.byteCount : nil
    var object = ObjectText()
    object.add("server", "\(server)")
    object.add("record", reply.lsn)
    object.add("bytes", orNull: size)
    return object.text + "\n"
  }
}
