import ArgumentParser
import JSON
import PS
import Parameters

/// Reads the folder of a server that does not run.
struct PsVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read what a stopped server keeps in its folder to the end, and say whether it is sound; nothing changes."
  )

  @Argument(help: "The server's --data folder.")
  var folder: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    try CommandError.reporting {
      let (identity, finding) = try Store.verify(try SystemFolder(folder, mayCreate: false))
      Output.write(json ? Self.object(identity, finding) : Self.line(identity, finding))
    }
  }

  private static func line(_ identity: StoreIdentity, _ finding: Store.Finding) -> String {
    let end =
      finding.isClean ? "stopped in order" : "\(finding.tornByteCount) bytes at the end were never acknowledged"
    return "sound: shard \(identity.shard) of \(identity.shards), store \(identity.id), record \(finding.lastLSN) is "
      + "the last; \(end)\n"
  }

  private static func object(_ identity: StoreIdentity, _ finding: Store.Finding) -> String {
    var object = ObjectText()
    object.add("sound", true)
    object.add("shard", identity.shard)
    object.add("shards", identity.shards)
    object.add("store", "\(identity.id)")
    object.add("last_record", finding.lastLSN)
    object.add("stopped_in_order", finding.isClean)
    object.add("torn_bytes", finding.tornByteCount)
    return object.text + "\n"
  }
}

/// Gives up what is behind a damage.
struct PsTruncateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "truncate",
    abstract: "Give up what a stopped server learned behind a damage in its folder; damaged files are kept beside.")

  @Argument(help: "The server's --data folder.")
  var folder: String

  func run() throws {
    try CommandError.reporting {
      guard let finding = try Store.truncate(try SystemFolder(folder, mayCreate: false)) else {
        return Output.write("nothing is damaged; nothing was changed\n")
      }
      Output.write("record \(finding.lastLSN) is now the last; what followed is given up\n")
    }
  }
}

/// Moves what was learned to another number of servers.
struct PsReshardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reshard",
    abstract: "Move what stopped servers keep in their folders to another number of servers, in new folders.",
    discussion: """
      All servers must have been stopped in order at the same point; 'onlearn ps drain' says when they are there. Weights,
      optimizer state, counters, streams and clocks go with the rows; the old folders stay as they are.

      Example: onlearn ps reshard --from Parameters/a Parameters/b --to 3 --into Parameters/three
               onlearn ps -s 3 --shard 0 --data Parameters/three/0
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp("The --data folders of all servers.", valueName: "FOLDER"))
  var from: [String]

  @Option(parsing: .unconditional, help: "How many servers there are to be.")
  var to: Int

  @Option(help: ArgumentHelp("The new folder, which gets one for each server: 0, 1, ….", valueName: "FOLDER"))
  var into: String

  func validate() throws {
    guard (1...ShardMap.slotCount).contains(to) else {
      throw ValidationError("--to must be between 1 and \(ShardMap.slotCount).")
    }
    guard !from.isEmpty else { throw ValidationError("--from needs the folders of the servers.") }
  }

  func run() throws {
    try CommandError.reporting {
      try Resharding.reshard(from, to: to, in: into)
      for shard in 0..<to { Output.write("shard \(shard) of \(to): \(into)/\(shard)\n") }
    }
  }
}
