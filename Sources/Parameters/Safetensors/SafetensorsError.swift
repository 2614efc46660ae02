public import Files

/// Why bytes are not a safetensors file.
public enum SafetensorsError: Error, Hashable, Sendable {
  /// The file cannot be opened or read.
  case file(FileError)
  /// The file ends before its header does.
  case truncatedHeader(expected: Int, found: Int)
  /// The first eight bytes do not state the length of a header.
  case notSafetensors(headerByteCount: UInt64, limit: Int)
  /// The header is not JSON of the expected form.
  case malformedHeader(byte: Int, expected: String)
  /// Two tensors or metadata entries have the same name.
  case repeatedName(String)
  /// More tensors than are read here.
  case tooManyTensors(limit: Int)
  /// A tensor whose type is not known.
  case unknownType(tensor: String, type: String)
  /// A tensor whose size is not that of its shape.
  case wrongSize(tensor: String, shape: [Int], byteCount: Int)
  /// Tensors that overlap, leave a hole or do not begin at zero.
  case notContiguous(tensor: String, begins: Int, expected: Int)
  /// Tensors that end before or after the file does.
  case wrongLength(expected: Int, found: Int)
  /// A name that no tensor of the file has.
  case unknownTensor(String)
  /// Values of a type other than the one asked for.
  case otherType(tensor: String, found: SafetensorsType, expected: SafetensorsType)
}

extension SafetensorsError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .truncatedHeader(let expected, let found): "it ends after \(found) bytes, in a header of \(expected)"
    case .notSafetensors(let count, let limit):
      "not a safetensors file: its first eight bytes state a header of \(count) bytes, of which \(limit) are allowed"
    case .malformedHeader(let byte, let expected): "malformed header at byte \(byte): expected \(expected)"
    case .repeatedName(let name): "the header has '\(name)' twice"
    case .tooManyTensors(let limit): "more than \(limit) tensors"
    case .unknownType(let tensor, let type): "tensor '\(tensor)': the type '\(type)' is not known"
    case .wrongSize(let tensor, let shape, let byteCount):
      "tensor '\(tensor)': \(byteCount) bytes do not fit the shape \(shape)"
    case .notContiguous(let tensor, let begins, let expected):
      "tensor '\(tensor)' begins at \(begins), but the one before ends at \(expected)"
    case .wrongLength(let expected, let found):
      "its tensors need \(expected) bytes, but \(found) follow the header"
    case .unknownTensor(let name): "no tensor is called '\(name)'"
    case .otherType(let tensor, let found, let expected): "tensor '\(tensor)' holds \(found), not \(expected)"
    }
  }
}
