public import ArgumentParser
public import PS

/// When servers answer that a change is made.
struct DurabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With --data: answer when a change is written, synced within a second (everysec, the default), or synced (always)."
    ))
  var durability: Durability?

  /// What is chosen, or the default of servers that have a folder.
  var policy: Durability { durability ?? .everySecond }

  /// Checks that something is kept in `data` where it is said how, and that it is said how something is kept there.
  func check(data: String?) throws {
    switch (durability, data) {
    case (nil, _), (Durability.none?, nil), (.everySecond, _?), (.always, _?): return
    case (_, nil): throw ValidationError("--durability is of what is kept; say where with --data.")
    case (_, _?): throw ValidationError("--durability none keeps nothing; leave --data out.")
    }
  }
}

extension Durability: ExpressibleByArgument {}
