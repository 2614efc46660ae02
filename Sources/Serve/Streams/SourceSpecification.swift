/// Names a source in one word, as the command line does: `fashion-mnist`, `idx:IMAGES,LABELS`, `-`.
public struct SourceSpecification: Hashable, Sendable, CustomStringConvertible {
  /// The kinds of source and what each needs.
  public enum Kind: Hashable, Sendable {
    /// Images and, if given, labels in IDX files.
    case idx(images: String, labels: String?)
    /// Fashion-MNIST from a folder.
    case fashionMNIST(folder: String, split: Split)
    /// One of EMNIST's sets (letters, digits, balanced, …) from a folder.
    case emnist(folder: String, set: String, split: Split)
    /// Arrays in .npy files.
    case npy(x: String, y: String?)
    /// Lines of numbers in a file, kept in memory, or read in their order.
    case csv(path: String, Table, inOrder: Bool)
    /// Lines of numbers on standard input.
    case standardInput(Table)
    /// Criteo's click logs.
    case criteo(path: String)
    /// MovieLens-100k.
    case movieLens(folder: String)
    /// Clicks from a planted factorisation machine.
    case synthetic(SyntheticClicks.Options)
  }

  /// How to read lines of numbers.
  public struct Table: Hashable, Sendable {
    /// Which column holds the label.
    public var label = LabelPlace.automatic
    /// Features are divided by it.
    public var scale: Float = 1
  }

  /// Which column holds the label.
  public enum LabelPlace: Hashable, Sendable {
    /// The column named `label`; else the last, unless there are just as many columns as the model has features.
    case automatic
    /// The first column.
    case first
    /// The last column.
    case last
    /// No column.
    case none
    /// The column of this name.
    case named(String)
  }

  /// The part of a data set to read.
  public enum Split: String, Hashable, Sendable, CaseIterable {
    /// The examples to learn from.
    case train
    /// The examples to judge by.
    case test
  }

  /// What to open.
  public let kind: Kind
  /// The text it was parsed from.
  public let description: String

  /// Where the Debian package puts the files.
  package static let fashionMNISTFolder = "/usr/share/datasets/fashion-mnist"

  /// Reads a specification.
  ///
  /// - Throws: ``DataError`` of reason `usage`, which lists what is known.
  public init(parsing text: String) throws(DataError) {
    description = text
    kind = try SpecificationParser(text).kind()
  }

  /// What can be named, one line each, for a command's help.
  public static var help: [String] { SpecificationParser.forms.map { "\($0.form): \($0.meaning)" } }

  /// Opens the source: files are read, or at least their beginnings are; standard input is left alone.
  ///
  /// - Parameters:
  ///   - width: The features that the model takes, if known; it decides whether lines carry a label.
  ///   - stop: Ends waiting for standard input.
  ///   - isPrompt: Standard input gives a smaller batch rather than wait while examples are at hand.
  public func open(
    width: Int? = nil, until stop: StopRequest? = nil, isPrompt: Bool = false
  ) throws(DataError) -> any DataSource {
    switch kind {
    case .idx(let images, let labels):
      return try MemorySource.idx(name: description, images: images, labels: labels)
    case .fashionMNIST(let folder, let split):
      let prefix = "\(folder)/\(split == .train ? "train" : "t10k")"
      return try MemorySource.idx(
        name: description, images: "\(prefix)-images-idx3-ubyte.gz", labels: "\(prefix)-labels-idx1-ubyte.gz",
        hint: "install the Debian package dataset-fashion-mnist or name another folder: fashion-mnist?folder=DIR")
    case .emnist(let folder, let set, let split):
      return try emnist(folder, set, split)
    case .npy(let x, let y):
      return try MemorySource.npy(name: description, x: x, y: y)
    case .csv(let path, let table, let inOrder):
      let decoder = TableDecoder(label: table.label, expectedWidth: width, scale: table.scale)
      return inOrder
        ? try LineSource(name: description, path: path, decoder: decoder)
        : try MemorySource.csv(name: description, path: path, decoder: decoder)
    case .standardInput(let table):
      let decoder = TableDecoder(label: table.label, expectedWidth: width, scale: table.scale)
      let open = { () throws(DataError) -> ByteStream in try ByteStream(.standardInput(until: stop)) }
      return LineSource(name: description, once: open, decoder: decoder, isPrompt: isPrompt, until: stop)
    case .criteo(let path):
      return try LineSource(name: description, path: path, decoder: CriteoDecoder())
    case .movieLens(let folder):
      return try MovieLens.source(name: description, folder: folder)
    case .synthetic(let options):
      return SyntheticClicks(name: description, options: options)
    }
  }

  private func emnist(_ folder: String, _ set: String, _ split: Split) throws(DataError) -> MemorySource {
    let prefix = "\(folder)/emnist-\(set)-\(split.rawValue)"
    let hint = "EMNIST's IDX files have such names, with .gz or without"
    func read(_ suffix: String) throws(DataError) -> MemorySource {
      try MemorySource.idx(
        name: description, images: "\(prefix)-images-idx3-ubyte\(suffix)",
        labels: "\(prefix)-labels-idx1-ubyte\(suffix)", hint: hint, transposed: true)
    }
    do throws(DataError) {
      return try read("")
    } catch {
      guard error.isMissing else { throw error }
      return try read(".gz")
    }
  }
}
