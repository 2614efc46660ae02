extension MemorySource {
  /// Images and, if given, their labels from IDX files; pixels are divided by 255, labels are floats `[count, 1]`.
  package static func idx(
    name: String, images: String, labels: String?, hint: String = "", transposed: Bool = false
  ) throws(DataError) -> MemorySource {
    var content = try IDXFile.read(images, ranks: 2...4, hint: hint)
    let count = content.shape[0]
    guard count > 0, !content.bytes.isEmpty else { throw DataError(images, .empty) }
    guard count <= UInt32.max else { throw DataError(images, .tooLarge(what: "the count \(count)", limit: "2^32")) }
    if transposed { content.transposeImages() }
    var labelValues: [Float] = []
    if let labels {
      let found = try IDXFile.read(labels, ranks: 1...1, hint: hint)
      guard found.shape[0] == count else {
        throw DataError(
          labels, .disagreement(what: "the number of labels", found: "\(found.shape[0])", expected: "\(count)"))
      }
      labelValues = found.bytes.map { Float($0) }
    }
    return MemorySource(
      name: name, count: count, exampleShape: Array(content.shape.dropFirst()), features: .bytes(content.bytes),
      labels: labelValues, labelWidth: labels == nil ? 0 : 1)
  }

  /// Arrays from .npy files: the first axis of both counts the examples.
  package static func npy(name: String, x: String, y: String?) throws(DataError) -> MemorySource {
    let (count, shape, features) = try examples(in: x)
    guard count > 0 else { throw DataError(x, .empty) }
    var labels: [Float] = []
    var labelWidth = 0
    if let y {
      let (labelCount, labelShape, values) = try examples(in: y)
      guard labelCount == count else {
        throw DataError(
          y, .disagreement(what: "the number of labels", found: "\(labelCount)", expected: "\(count)"))
      }
      labelWidth = labelShape.reduce(1, *)
      labels = values
    }
    return MemorySource(
      name: name, count: count, exampleShape: shape, features: .floats(features), labels: labels,
      labelWidth: labelWidth)
  }

  private static func examples(in path: String) throws(DataError) -> (count: Int, shape: [Int], values: [Float]) {
    let array = try NpyFile.read(path)
    guard let count = array.shape.first else {
      throw DataError(
        path, .disagreement(what: "the shape", found: "a scalar", expected: "an axis that counts the examples"))
    }
    guard count <= UInt32.max else { throw DataError(path, .tooLarge(what: "the count \(count)", limit: "2^32")) }
    guard let values = array.floats else {
      throw DataError(
        path, .unsupportedType(found: "integers that float32 cannot hold", supported: "values below 2^24"))
    }
    return (count, Array(array.shape.dropFirst()), values)
  }
}

extension IDXFile.Content {
  /// Turns each image's columns into rows: EMNIST stores its letters lying on their side.
  package mutating func transposeImages() {
    guard shape.count == 3 else { return }
    let (count, rows, columns) = (shape[0], shape[1], shape[2])
    var turned = [UInt8](repeating: 0, count: bytes.count)
    for image in 0..<count {
      let base = image * rows * columns
      for row in 0..<rows {
        for column in 0..<columns { turned[base + column * rows + row] = bytes[base + row * columns + column] }
      }
    }
    bytes = turned
    shape = [count, columns, rows]
  }
}
