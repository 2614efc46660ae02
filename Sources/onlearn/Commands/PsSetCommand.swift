import ArgumentParser
import JSON
import PS
import Parameters
import Serve
import Transport
import Wire

/// Changes how a model on parameter servers learns, while it learns.
struct PsSetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Change hyper-parameters of a model while it is trained.",
    discussion: "Example: onlearn ps set 127.0.0.1:7070 --model mlp rate=0.01")

  @Argument(help: ArgumentHelp("The scheduler or servers, separated by commas.", valueName: "HOST:PORT[,…]"))
  var servers: String

  @Option(name: [.short, .long], help: "The model's name.")
  var model: String

  @Option(help: "Only this parameter's; by default all that learn.")
  var parameter: String?

  @Argument(help: ArgumentHelp("New values, named as for --optimizer.", valueName: "KEY=VALUE[,…]"))
  var values: String

  @OptionGroup var access: ServerAccessOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws { try CommandError.reporting(set) }

  private func set() throws {
    let options = try access.options().linkOptions(.worker)
    let found = try Cluster.find(Address.list(servers), options: options).servers
    let client = try ParameterClient(reading: model, links: NetworkLinks(found, options: options))
    var changed: [String] = []
    for (index, spec) in client.parameters.enumerated() where parameter ?? spec.name == spec.name && !spec.isFrozen {
      try client.setOptimizer(try spec.optimizer.with(values), of: index)
      changed.append(spec.name)
    }
    guard !changed.isEmpty else {
      throw ValidationError("'\(model)' has no parameter '\(parameter ?? "")' that learns.")
    }
    guard json else { return Output.write("changed: \(changed.joined(separator: ", "))\n") }
    var object = ObjectText()
    object.add("changed", changed)
    Output.write(object.text + "\n")
  }
}
