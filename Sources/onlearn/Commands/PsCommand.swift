import ArgumentParser

/// Everything about parameter servers.
struct PsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps",
    abstract: "Run a parameter server or the scheduler of several, or ask those that run.",
    discussion: """
      One server:      onlearn ps --listen 127.0.0.1:7071
                       onlearn train Models/mlp.json --data fashion-mnist --store ps:127.0.0.1:7071

      Two servers for four workers, found through a scheduler:
                       onlearn ps -r scheduler -s 2 -w 4 --listen 127.0.0.1:7070
                       onlearn ps -r server --scheduler 127.0.0.1:7070        (twice)
                       onlearn train Models/mlp.json … --store ps:127.0.0.1:7070   (four times)
      """,
    subcommands: [
      PsRunCommand.self, PsStatsCommand.self, PsSetCommand.self, PsSnapshotCommand.self, PsVerifyCommand.self,
      PsTruncateCommand.self, PsDrainCommand.self, PsReshardCommand.self,
    ],
    defaultSubcommand: PsRunCommand.self)
}
