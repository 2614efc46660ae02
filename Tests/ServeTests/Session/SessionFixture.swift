import Foundation
import GraphDefImport
import Kernels
import Serve
import TestSupport
import Testing

/// The small perceptron with TensorFlow's numbers for it.
struct SessionFixture {
  static let folder = OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small"
  static let configPath = folder + "/mlp_small.json"
  static let parameters = ["w1", "b1", "w2", "b2"]

  let session: Session

  init(lanes: Int = 1) throws {
    session = try Session(configPath: Self.configPath, pool: LanePool(lanes: lanes))
  }

  static func array(_ name: String) throws -> NpyArray { try NpyFile.read("\(folder)/\(name).npy") }

  /// The rows `rows` of the features or labels.
  static func rows(_ name: String, _ rows: Range<Int>) throws -> NpyArray {
    let all = try array(name)
    let width = all.shape.dropFirst().reduce(1, *)
    let values = try #require(all.floats)[rows.lowerBound * width..<rows.upperBound * width]
    return NpyArray(shape: [rows.count] + all.shape.dropFirst(), values: .float32(Array(values)))
  }

  /// The starting values.
  static func start() throws -> [(name: String, array: NpyArray)] {
    try parameters.map { ($0, try array($0)) }
  }

  /// The starting values and the first 32 examples, or those of `rows`.
  static func feeds(_ rows: Range<Int> = 0..<32) throws -> [(name: String, array: NpyArray)] {
    [("input_x", try Self.rows("x", rows)), ("input_y", try Self.rows("y", rows))] + (try start())
  }
}

/// Whether `a` equals `b` but for rounding in single precision.
func isClose(_ a: NpyArray, _ b: NpyArray, tolerance: Float = 2e-5) throws -> Bool {
  let (a, b) = (try #require(a.floats), try #require(b.floats))
  let scale = b.reduce(0) { max($0, abs($1)) }
  return a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * scale }
}
