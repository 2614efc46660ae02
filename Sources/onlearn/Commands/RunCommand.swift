import ArgumentParser
import JSON
import Serve

/// Computes tensors of a graph from given arrays.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Compute tensors of a graph from arrays in .npy files, as TensorFlow's Session.run does.",
    discussion: """
      Example: onlearn run mlp.json --feed input_x=x.npy --feed input_y=y.npy \\
        --fetch loss --fetch d-w1 --output out --train-steps 20

      A variable that is fed starts with the array; any other tensor that is fed is not computed, and no gradient flows
      through it. d-NAME is the gradient of the loss with respect to the parameter NAME. Each fetch is written to
      NAME.npy, with _ for each / of its name.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var runtime: RuntimeOptions

  @Option(help: ArgumentHelp("Feed a tensor; may be repeated.", valueName: "NAME=FILE.npy"))
  var feed: [String] = []

  @Option(help: ArgumentHelp("Compute a tensor; may be repeated.", valueName: "NAME"))
  var fetch: [String]

  @Option(help: ArgumentHelp("The folder that fetches are written to.", valueName: "DIR"))
  var output: String

  @Option(parsing: .unconditional, help: ArgumentHelp("First train so many times on what is fed.", valueName: "N"))
  var trainSteps = 0

  @Option(parsing: .unconditional, help: "The learning rate, instead of the graph's.")
  var learningRate: Double?

  @Flag(help: "Let metrics run through the training steps and the fetches, instead of starting at the fetches.")
  var keepMetricState = false

  @Flag(help: "Let d-NAME be the graph's own node.")
  var graphGradients = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard trainSteps >= 0 else { throw ValidationError("--train-steps must not be negative.") }
    if let learningRate, !(learningRate >= 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate must be a finite number, not below zero.")
    }
    for feed in feed { _ = try Self.parse(feed) }
  }

  private static func parse(_ feed: String) throws -> (name: String, path: String) {
    guard let equals = feed.firstIndex(of: "="), equals > feed.startIndex,
      feed.index(after: equals) < feed.endIndex
    else { throw ValidationError("--feed takes NAME=FILE.npy, found '\(feed)'.") }
    return (String(feed[..<equals]), String(feed[feed.index(after: equals)...]))
  }

  func run() throws { try CommandError.reporting(compute) }

  private func compute() throws {
    let session = try Session(configPath: model.config, graphPath: model.graph, pool: runtime.makePool())
    let files = try FetchFiles(fetch, in: output)
    let feeds = try feed.map { text in
      let (name, path) = try Self.parse(text)
      return (name: name, array: try NpyFile.read(path))
    }
    var options = Session.Options()
    options.trainingSteps = trainSteps
    options.learningRate = learningRate
    options.seed = runtime.seed
    options.keepsMetricState = keepMetricState
    options.usesGraphGradients = graphGradients
    let result = try session.run(feeds: feeds, fetches: fetch, options: options)
    for notice in result.notices { Output.error("onlearn: \(notice)") }
    try files.write(result.arrays)
    Output.write(json ? object(result, files) : lines(result, files))
  }

  private func lines(_ result: Session.Result, _ files: FetchFiles) -> String {
    var text = ""
    for (step, loss) in result.losses.enumerated() { text += "loss before step \(step + 1): \(loss)\n" }
    for ((name, array), path) in zip(zip(fetch, result.arrays), files.paths) {
      text += "\(name): \(array.typeName)\(array.shape) in \(path)\n"
    }
    return text
  }

  private func object(_ result: Session.Result, _ files: FetchFiles) -> String {
    let fetches = zip(zip(fetch, result.arrays), files.paths).map { item, path -> ObjectText in
      var object = ObjectText()
      object.add("name", item.0)
      object.add("file", path)
      object.add("dtype", item.1.typeName)
      object.add("shape", item.1.shape)
      return object
    }
    var object = ObjectText()
    object.add("losses", result.losses)
    object.add("fetches", fetches)
    return object.text + "\n"
  }
}
