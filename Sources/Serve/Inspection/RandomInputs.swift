import Graph
import GraphDefImport
import Kernels

/// Arrays that fit a model's inputs, for checks and measurements that need no real data.
///
/// Ids are below the smallest table that they look up; where there is room, the ids of each field begin at its number
/// times 1024 and small ones are frequent, as in click logs. Other inputs are uniform in `[0, 1)`; integers and truth
/// values are 0 or 1. Labels are classes, or 0 and 1.
struct RandomInputs {
  private let config: ModelConfig
  private let program: Program
  private let batch: Int
  private var generator: SplitMix64

  /// Inputs of `program` for `batch` examples.
  init(_ program: Program, config: ModelConfig, batch: Int, seed: UInt64) {
    self.program = program
    self.config = config
    self.batch = batch
    generator = SplitMix64(seed: seed)
  }

  /// The most bytes an array may have.
  private static let byteLimit = 1 << 30

  /// An array for each input that the program needs.
  mutating func arrays() throws(PlanError) -> [(name: String, array: NpyArray)] {
    var arrays: [(name: String, array: NpyArray)] = []
    for (number, isUsed) in program.usedInputs.enumerated() where isUsed && program.inputs[number].role == .data {
      let name = program.inputs[number].name
      let type = program.types[number]
      guard let dimensions = type.shape.dimensions(batch: batch) else {
        throw .shape(label: name, type: type, batch: batch)
      }
      guard dimensions.count <= Self.byteLimit / MemoryLayout<Float>.stride else {
        throw .value(label: name, type: type, batch: batch, limit: Self.byteLimit)
      }
      let width = dimensions.rank == 0 ? 1 : dimensions.count(of: 1..<dimensions.rank)
      // Above 2^24 not every id is a float.
      let rows = program.rowLimit(ofInput: name).map { min($0, 1 << 24) }
      var values: [Float] = []
      for index in 0..<dimensions.count {
        let number = value(name, column: index % max(width, 1), width: width, rows: rows)
        values.append(type.dtype.isFloatingPoint ? number : number.rounded())
      }
      arrays.append((name, NpyArray(shape: dimensions.array, values: .float32(values))))
    }
    return arrays
  }

  private mutating func value(_ name: String, column: Int, width: Int, rows: Int?) -> Float {
    if let rows { return id(column: column, width: width, rows: rows) }
    guard name == GraphDefImporter.labelsName else { return Float.random(in: 0..<1, using: &generator) }
    return Float(Int.random(in: 0..<(config.classCount ?? 2), using: &generator))
  }

  private mutating func id(column: Int, width: Int, rows: Int) -> Float {
    guard width << 10 <= rows else { return Float(Int.random(in: 0..<max(rows, 1), using: &generator)) }
    let position = Float.random(in: 0..<1, using: &generator)
    return Float(column << 10 | Int(position * position * position * 1024))
  }
}
