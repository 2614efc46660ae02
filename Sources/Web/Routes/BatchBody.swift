import NIOCore
import NIOHTTP1
import Parameters
import Serve

/// What the body of a train or score request says: JSON, or a .npy array with the rest in the query.
package struct BatchBody {
  /// Numbers in rows, one row per example.
  package struct Rows {
    package var values: [Float] = []
    package var count = 0
    package var width = 0
    /// Whether numbers stand there without rows.
    package var isFlat = false

    /// The rows of `width` numbers that these make which stand there without rows; rows as they are.
    fileprivate func inRows(of width: Int, _ name: String) throws(ServiceError) -> Rows {
      guard isFlat, width > 0 else { return self }
      guard values.count % width == 0 else {
        throw ServiceError(.badBatch, "\(values.count) numbers in \(name); expected \(width) for each example")
      }
      return Rows(values: values, count: values.count / width, width: width)
    }
  }

  package var x = Rows()
  package var y = Rows()
  package var source: String?
  package var begin: UInt64?
  package var end: UInt64?
  package var deadlineMilliseconds: UInt64?
  var minimumVersion: UInt64 = 0

  /// An empty body.
  init() {}

  /// Reads the body of `request`.
  ///
  /// A .npy array has a row per example; where labels are wanted they are the last columns.
  ///
  /// - Parameter labelWidth: The labels of an example that a .npy row ends with.
  init(_ request: WebRequest, labelWidth: Int) throws(ServiceError) {
    let type = request.headers.first(name: "content-type")?.lowercased() ?? ""
    let bytes = Array(request.body.readableBytesView)
    if bytes.starts(with: Self.npyMagic) {
      try request.checkQuery(Self.parameters)
      try self.init(npy: bytes, query: request.query, labelWidth: labelWidth)
    } else if type.hasPrefix("application/json") {
      // Everything is in the body; who says it elsewhere is not to believe that it counts.
      try request.checkQuery([])
      var reader = JSONBatchReader(bytes)
      self = try reader.read()
    } else {
      throw ServiceError(
        .malformed,
        "a body of type '\(type.prefix(40))'; expected application/json, or a .npy array as application/octet-stream")
    }
  }

  private static let npyMagic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// What a query may say beside a .npy array.
  private static let parameters: Set = ["source", "begin", "end", "deadline_ms", "min_version"]

  private init(npy bytes: [UInt8], query: [String: String], labelWidth: Int) throws(ServiceError) {
    let array: NpyArray
    do { array = try NpyFile.decode(bytes, name: "the body") } catch { throw ServiceError(.malformed, "\(error)") }
    guard let rows = array.shape.first, rows > 0, array.values.count % rows == 0 else {
      throw ServiceError(.malformed, "an array of shape \(array.shape); expected a row per example")
    }
    guard let values = array.floats else {
      throw ServiceError(.malformed, "integers that float32 does not hold exactly; send ids below 2^24, or floats")
    }
    let width = array.values.count / rows
    guard width > labelWidth else {
      throw ServiceError(
        .malformed, "rows of \(width) numbers; expected the features and then \(labelWidth) label columns")
    }
    if labelWidth == 0 {
      x = Rows(values: values, count: rows, width: width)
    } else {
      x = Rows(values: [], count: rows, width: width - labelWidth)
      y = Rows(values: [], count: rows, width: labelWidth)
      x.values.reserveCapacity(rows * x.width)
      for row in 0..<rows {
        x.values.append(contentsOf: values[row * width..<row * width + x.width])
        y.values.append(contentsOf: values[row * width + x.width..<(row + 1) * width])
      }
    }
    source = query["source"]
    begin = try Self.integer(query, "begin")
    end = try Self.integer(query, "end")
    deadlineMilliseconds = try Self.integer(query, "deadline_ms")
    minimumVersion = try Self.integer(query, "min_version") ?? 0
  }

  private static func integer(_ query: [String: String], _ name: String) throws(ServiceError) -> UInt64? {
    guard let text = query[name] else { return nil }
    guard let value = UInt64(text) else {
      throw ServiceError(.malformed, "'\(name)' takes an integer from 0 to 2^64 - 1")
    }
    return value
  }
}

extension BatchBody {
  /// The batch for `model`, with as many labels as there are.
  func batch(for model: ServedModel) throws(ServiceError) -> Batch {
    let features = try x.inRows(of: model.inputWidth, "x")
    let labels = try y.inRows(of: model.labelWidth, "y")
    guard labels.count == 0 || labels.count == features.count else {
      throw ServiceError(.malformed, "\(features.count) examples in x and \(labels.count) in y")
    }
    return Batch(examples: features.count, x: features.values, y: labels.values)
  }

  /// The part of a stream the batch is, if it names one.
  func sourceRange() throws(ServiceError) -> SourceRange? {
    switch (source, begin, end) {
    case (nil, nil, nil): return nil
    case (let name?, let begin?, let end?) where begin < end && !name.isEmpty:
      return SourceRange(name: name, begin: begin, end: end)
    default:
      throw ServiceError(
        .malformed, "a source needs a name and offsets: \"source\", \"begin\" and \"end\", with begin below end")
    }
  }

  /// When it is too late to start.
  var deadline: ContinuousClock.Instant? {
    deadlineMilliseconds.map { .now + .milliseconds(Int64(min($0, 86_400_000))) }
  }
}
