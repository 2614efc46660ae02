/// Takes a source specification apart: `kind[:rest][?option=value&…]`.
struct SpecificationParser {
  private let text: String
  private let name: String
  private let rest: String?
  private var options: [(name: String, value: String)] = []

  /// What can be named, with the form and the meaning of each.
  static let forms: [(name: String, form: String, meaning: String)] = [
    ("fashion-mnist", "fashion-mnist[:train|test][?folder=DIR]", "70,000 images of clothes"),
    ("idx", "idx:IMAGES[,LABELS]", "IDX files, plain or .gz"),
    ("emnist", "emnist:DIR[?set=letters&split=train]", "handwritten letters and digits, IDX files"),
    ("npy", "npy:X.npy[,Y.npy]", "NumPy arrays"),
    ("csv", "csv:FILE[?label=first|last|none|NAME&scale=N&order=shuffled|file]", "lines of numbers, plain or .gz"),
    ("-", "-[?label=…&scale=N]", "such lines on standard input"),
    ("criteo", "criteo:FILE", "Criteo's click logs, plain or .gz"),
    ("movielens", "movielens:DIR", "MovieLens-100k in order of time"),
    (
      "synthetic", "synthetic:ctr[?seed=N&fields=39&rank=4&drift=0&rate=0.25]",
      "endless clicks from a planted factorisation machine"
    ),
  ]

  init(_ text: String) throws(DataError) {
    self.text = text
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let pieces = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(pieces[0])
    rest = pieces.count > 1 ? String(pieces[1]) : nil
    guard parts.count > 1 else { return }
    for option in parts[1].split(separator: "&", omittingEmptySubsequences: false) {
      let sides = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
        throw DataError(text, .usage("option '\(option)' is not of the form NAME=VALUE"))
      }
      guard !options.contains(where: { $0.name == sides[0] }) else {
        throw DataError(text, .usage("option '\(sides[0])' is given twice"))
      }
      options.append((String(sides[0]), String(sides[1])))
    }
  }

  func kind() throws(DataError) -> SourceSpecification.Kind {
    switch name {
    case "fashion-mnist":
      try allow(["folder"])
      return .fashionMNIST(
        folder: option("folder") ?? SourceSpecification.fashionMNISTFolder, split: try split(rest))
    case "idx":
      try allow([])
      let (images, labels) = try oneOrTwoPaths()
      return .idx(images: images, labels: labels)
    case "emnist":
      try allow(["set", "split"])
      return .emnist(folder: try path(), set: option("set") ?? "letters", split: try split(option("split")))
    case "npy":
      try allow([])
      let (x, y) = try oneOrTwoPaths()
      return .npy(x: x, y: y)
    case "csv":
      try allow(["label", "scale", "order"])
      let order = option("order") ?? "shuffled"
      guard ["shuffled", "file"].contains(order) else { throw wrong("order", "neither shuffled nor file") }
      return .csv(path: try path(), try table(), inOrder: order == "file")
    case "-":
      try allow(["label", "scale"])
      guard rest == nil else { throw wrongForm() }
      return .standardInput(try table())
    case "criteo":
      try allow([])
      return .criteo(path: try path())
    case "movielens":
      try allow([])
      return .movieLens(folder: try path())
    case "synthetic":
      try allow(["seed", "fields", "rank", "drift", "rate"])
      guard rest == "ctr" else { throw wrongForm() }
      return .synthetic(try synthetic())
    default:
      throw DataError(
        text, .usage("no such source; known are \(Self.forms.map(\.form).joined(separator: ", "))"))
    }
  }

  private func synthetic() throws(DataError) -> SyntheticClicks.Options {
    var result = SyntheticClicks.Options()
    result.seed = try value("seed", in: UInt64.min...UInt64.max, UInt64.init) ?? result.seed
    result.fields = try value("fields", in: 1...63, Int.init) ?? result.fields
    result.rank = try value("rank", in: 1...8, Int.init) ?? result.rank
    result.drift = try value("drift", in: 0...1000, Double.init) ?? result.drift
    result.rate = try value("rate", in: 0.001...0.999, Double.init) ?? result.rate
    return result
  }

  private func table() throws(DataError) -> SourceSpecification.Table {
    var result = SourceSpecification.Table()
    switch option("label") {
    case nil: break
    case "first": result.label = .first
    case "last": result.label = .last
    case "none": result.label = .none
    case let name?: result.label = .named(name)
    }
    result.scale = try value("scale", in: Float.leastNormalMagnitude...1e30, Float.init) ?? 1
    return result
  }

  private func split(_ name: String?) throws(DataError) -> SourceSpecification.Split {
    guard let name else { return .train }
    guard let split = SourceSpecification.Split(rawValue: name) else {
      throw DataError(text, .usage("'\(name)' is neither train nor test"))
    }
    return split
  }

  private func path() throws(DataError) -> String {
    guard let rest, !rest.isEmpty else { throw wrongForm() }
    return rest
  }

  private func oneOrTwoPaths() throws(DataError) -> (String, String?) {
    let paths = (rest ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(paths.count), !paths.contains("") else { throw wrongForm() }
    return (paths[0], paths.count == 2 ? paths[1] : nil)
  }

  private func option(_ name: String) -> String? { options.first { $0.name == name }?.value }

  private func value<Value: Comparable>(
    _ name: String, in range: ClosedRange<Value>, _ parse: (String) -> Value?
  ) throws(DataError) -> Value? {
    guard let text = option(name) else { return nil }
    guard let value = parse(text), range.contains(value) else {
      throw wrong(name, "not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  private func allow(_ known: [String]) throws(DataError) {
    for option in options where !known.contains(option.name) {
      let list = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
      throw DataError(text, .usage("\(name) has no option '\(option.name)'; \(list)"))
    }
  }

  private func wrong(_ option: String, _ problem: String) -> DataError {
    DataError(text, .usage("\(option) '\(self.option(option) ?? "")' is \(problem)"))
  }

  private func wrongForm() -> DataError {
    let form = Self.forms.first { $0.name == name }?.form ?? name
    return DataError(text, .usage("the form is \(form)"))
  }
}
