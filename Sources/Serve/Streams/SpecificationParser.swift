/// Takes a source specification apart: `kind[:rest][?option=value&…]`.
struct SpecificationParser {
  private let text: String
  private let name: String
  private let rest: String?
  private var options: [(name: String, value: String)] = []

  /// What can be named, with the form of each.
  static let forms: [(name: String, form: String)] = [
    ("fashion-mnist", "fashion-mnist[:train|test][?folder=DIR]"),
    ("idx", "idx:IMAGES[,LABELS]"),
    ("npy", "npy:X.npy[,Y.npy]"),
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
      let options = try options(known: ["folder"])
      let folder = options["folder"] ?? SourceSpecification.fashionMNISTFolder
      return .fashionMNIST(folder: folder, split: try split())
    case "idx":
      _ = try options(known: [])
      let (images, labels) = try oneOrTwoPaths()
      return .idx(images: images, labels: labels)
    case "npy":
      _ = try options(known: [])
      let (x, y) = try oneOrTwoPaths()
      return .npy(x: x, y: y)
    default:
      throw DataError(
        text, .usage("no such source; known are \(Self.forms.map(\.form).joined(separator: ", "))"))
    }
  }

  private func split() throws(DataError) -> SourceSpecification.Split {
    guard let rest else { return .train }
    guard let split = SourceSpecification.Split(rawValue: rest) else {
      throw DataError(text, .usage("'\(rest)' is neither train nor test"))
    }
    return split
  }

  private func oneOrTwoPaths() throws(DataError) -> (String, String?) {
    let paths = (rest ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(paths.count), !paths.contains("") else { throw wrongForm() }
    return (paths[0], paths.count == 2 ? paths[1] : nil)
  }

  private func options(known: [String]) throws(DataError) -> [String: String] {
    for option in options where !known.contains(option.name) {
      let list = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
      throw DataError(text, .usage("\(name) has no option '\(option.name)'; \(list)"))
    }
    return Dictionary(uniqueKeysWithValues: options.map { ($0.name, $0.value) })
  }

  private func wrongForm() -> DataError {
    let form = Self.forms.first { $0.name == name }?.form ?? name
    return DataError(text, .usage("the form is \(form)"))
  }
}
