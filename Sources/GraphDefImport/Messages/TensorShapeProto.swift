/// A shape as a graph states it: the rank, and each dimension, may be unknown.
public struct TensorShapeProto: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The dimensions, −1 where one is unknown; `nil` if not even their number is known.
  public var dimensions: [Int]?

  /// A shape of `dimensions`, each at least −1, or of unknown rank.
  public init(_ dimensions: [Int]?) {
    self.dimensions = dimensions
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// A shape of unknown rank.
  public static var unknownRank: TensorShapeProto { TensorShapeProto(nil) }

  /// The number of dimensions, if known.
  public var rank: Int? { dimensions?.count }

  /// The dimensions, if each of them is known.
  public var knownDimensions: [Int]? {
    guard let dimensions, dimensions.allSatisfy({ $0 >= 0 }) else { return nil }
    return dimensions
  }

  /// The number of elements, or `nil` if a dimension is unknown or the product exceeds `Int.max`.
  public var elementCount: Int? {
    guard let dimensions = knownDimensions else { return nil }
    if dimensions.contains(0) { return 0 }
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  public var description: String {
    guard let dimensions else { return "[unknown rank]" }
    return "[" + dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ", ") + "]"
  }
}

extension TensorShapeProto {
  /// Reads a shape.
  ///
  ///     2  dim           repeated message: 1 size (int64, −1 = unknown), 2 name
  ///     3  unknown_rank  bool
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    var dimensions: [Int] = []
    var hasUnknownRank = false
    while let field = try reader.nextField() {
      switch field.number {
      case 2:
        dimensions.append(
          try reader.message(field, "dim", index: dimensions.count, Self.size(decoding:)))
      case 3: hasUnknownRank = try reader.bool(field, "unknown_rank")
      default: try reader.skip(field)
      }
    }
    self.init(hasUnknownRank ? nil : dimensions)
  }

  private static func size(decoding reader: inout ProtobufReader) throws(ProtobufError) -> Int {
    var size = 0
    while let field = try reader.nextField() {
      guard field.number == 1 else {
        try reader.skip(field)
        continue
      }
      let value = try reader.int64(field, "size")
      guard let exact = Int(exactly: value), exact >= -1 else {
        throw ProtobufError(
          offset: field.offset, path: ["size"], found: "a dimension of \(value)", expected: "at least -1")
      }
      size = exact
    }
    return size
  }
}
