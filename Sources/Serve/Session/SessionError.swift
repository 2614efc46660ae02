public import Files
public import Graph

/// What a session was asked for cannot be done with the arrays it was given.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A placeholder is needed, but nothing is fed to it.
  case notFed(name: String, type: TensorType)
  /// A tensor is fed twice.
  case fedTwice(name: String)
  /// An array has another shape than the tensor it is fed to.
  case shape(name: String, expected: TensorType, found: [Int])
  /// Two arrays have different numbers of examples.
  case batch(name: String, count: Int, other: String, otherCount: Int)
  /// A value would change in the tensor's type.
  case inexact(name: String, position: Int, value: String, dtype: DType)
  /// A value of a parameter is infinite or not a number.
  case notFinite(name: String, position: Int, value: Float)
  /// Two fetches would be written to one file.
  case sameFile(fetches: [String], file: String)

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus {
    switch self {
    case .notFed, .fedTwice, .sameFile: .usage
    case .shape, .batch, .inexact, .notFinite: .badData
    }
  }

  public var description: String {
    switch self {
    case .notFed(let name, let type):
      "the fetches need the placeholder '\(name)' (\(type)), which is not fed; add --feed \(name)=FILE.npy"
    case .fedTwice(let name): "'\(name)' is fed twice"
    case .shape(let name, let expected, let found):
      "the array fed to '\(name)' has shape \(found), expected \(expected.shape)"
    case .batch(let name, let count, let other, let otherCount):
      "'\(name)' is fed \(count) examples, but '\(other)' \(otherCount)"
    case .inexact(let name, let position, let value, let dtype):
      "the array fed to '\(name)': element \(position) is \(value), which \(dtype) does not hold exactly; "
        + "convert the array first, as with .astype('\(dtype)')"
    case .notFinite(let name, let position, let value):
      "the array fed to the parameter '\(name)': element \(position) is \(value), expected finite values"
    case .sameFile(let fetches, let file):
      "the fetches \(fetches.map { "'\($0)'" }.joined(separator: " and ")) would both be written to \(file)"
    }
  }
}
