import ArgumentParser
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

  func run() throws {
    try CommandError.reporting {
      let (identity, finding) = try Store.verify(try SystemFolder(folder))
      let end =
        finding.isClean ? "stopped in order" : "\(finding.tornByteCount) bytes at the end were never acknowledged"
      Output.write(
        "sound: shard \(identity.shard) of \(identity.shards), store \(identity.id), record \(finding.lastLSN) is the last; "
          + "\(end)\n")
    }
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
      guard let finding = try Store.truncate(try SystemFolder(folder)) else {
        return Output.write("nothing is damaged; nothing was changed\n")
      }
      Output.write("record \(finding.lastLSN) is now the last; what followed is given up\n")
    }
  }
}
