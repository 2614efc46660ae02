/// Names a source in one word, as the command line does: `fashion-mnist`, `idx:IMAGES,LABELS`, `-`.
public struct SourceSpecification: Hashable, Sendable, CustomStringConvertible {
  /// The kinds of source and what each needs.
  public enum Kind: Hashable, Sendable {
    /// Images and, if given, labels in IDX files.
    case idx(images: String, labels: String?)
    /// Fashion-MNIST from a folder.
    case fashionMNIST(folder: String, split: Split)
    /// Arrays in .npy files.
    case npy(x: String, y: String?)
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

  /// Opens the source: files are read or at least their beginnings are.
  ///
  /// - Parameters:
  ///   - width: The features that the model takes, if known; it decides whether lines carry a label.
  ///   - stop: Ends waiting for standard input.
  public func open(width: Int? = nil, until stop: StopRequest? = nil) throws(DataError) -> any DataSource {
    switch kind {
    case .idx(let images, let labels):
      return try MemorySource.idx(name: description, images: images, labels: labels)
    case .fashionMNIST(let folder, let split):
      let prefix = "\(folder)/\(split == .train ? "train" : "t10k")"
      return try MemorySource.idx(
        name: description, images: "\(prefix)-images-idx3-ubyte.gz", labels: "\(prefix)-labels-idx1-ubyte.gz",
        hint: "install the Debian package dataset-fashion-mnist or name another folder: fashion-mnist?folder=DIR")
    case .npy(let x, let y):
      return try MemorySource.npy(name: description, x: x, y: y)
    }
  }
}
