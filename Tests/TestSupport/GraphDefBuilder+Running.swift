package import Graph
package import GraphDefImport
import Kernels

extension GraphDefBuilder {
  /// The configuration of a graph that was exported for batches of `batchSize` examples.
  package static func config(batchSize: Int = 1024, dense: [String] = ["w"]) -> ModelConfig {
    ModelConfig(
      modelName: "test", dense: dense, observe: [], batchSize: batchSize, inputSize: [batchSize, 1],
      outputSize: [batchSize, 1])
  }

  /// Imports what computes `fetches`.
  package func program(
    _ fetches: [String], exportedBatch: Int = 1024, dense: [String] = ["w"],
    _ change: (inout GraphDefImporter.Request) -> Void = { _ in }
  ) throws -> Program {
    let config = Self.config(batchSize: exportedBatch, dense: dense)
    var request = GraphDefImporter.Request(fetches: fetches)
    change(&request)
    return try GraphDefImporter(graph, config: config).program(request)
  }

  /// Imports what computes `fetches`, and runs it once on `feeds`.
  package func evaluated(
    _ fetches: [String], batch: Int = 3, feeds: [String: HostTensor] = [:], exportedBatch: Int = 1024,
    dense: [String] = ["w"], _ change: (inout GraphDefImporter.Request) -> Void = { _ in }
  ) throws -> [String: HostTensor] {
    try program(fetches, exportedBatch: exportedBatch, dense: dense, change)
      .evaluated(ProgramRunner.Options(batch: batch), feeds: feeds)
  }

  /// Adds a constant.
  @discardableResult
  package mutating func constant(_ name: String, _ tensor: HostTensor) -> String {
    let (type, values): (DataType, TensorProto.Values) =
      switch tensor.dtype {
      case .float32: (.float, .floats(tensor.values.map { Float($0) }))
      case .float64: (.double, .doubles(tensor.values))
      case .int32: (.int32, .int32s(tensor.values.map { Int32($0) }))
      case .int64: (.int64, .int64s(tensor.values.map { Int64($0) }))
      case .bool: (.bool, .bools(tensor.values.map { $0 != 0 }))
      }
    return constant(name, TensorProto(type, TensorShapeProto(tensor.shape), values))
  }
}

extension DType {
  /// TensorFlow's name of the type.
  package var dataType: DataType {
    switch self {
    case .float32: .float
    case .float64: .double
    case .int32: .int32
    case .int64: .int64
    case .bool: .bool
    }
  }
}

extension HostTensor {
  /// Single-precision numbers.
  package static func floats(_ values: [Double], _ shape: [Int]? = nil) -> HostTensor {
    HostTensor(.float32, shape ?? [values.count], values)
  }

  /// 32-bit integers.
  package static func integers(_ values: [Int], _ shape: [Int]? = nil, _ dtype: DType = .int32) -> HostTensor {
    HostTensor(dtype, shape ?? [values.count], values.map { Double($0) })
  }

  /// Truth values.
  package static func truth(_ values: [Bool], _ shape: [Int]? = nil) -> HostTensor {
    HostTensor(.bool, shape ?? [values.count], values.map { $0 ? 1 : 0 })
  }

  /// The array in a `.npy` file of version 1: `<f4`, `<f8`, `<i4` or `<i8`, row-major.
  package init?(npy bytes: [UInt8]) {
    guard bytes.count > 10, bytes[0] == 0x93, bytes[6] == 1 else { return nil }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    let types: [(String, DType)] = [("<f4", .float32), ("<f8", .float64), ("<i4", .int32), ("<i8", .int64)]
    guard let dtype = types.first(where: { header.contains("'\($0.0)'") })?.1,
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
    else { return nil }
    let shape = header[header.index(after: open)..<close].split { $0 == "," || $0 == " " }.compactMap { Int($0) }
    let size = dtype.byteCount
    let values = stride(from: start, to: bytes.count, by: size).map { place -> Double in
      var bits: UInt64 = 0
      for index in 0..<size { bits |= UInt64(bytes[place + index]) << UInt64(8 * index) }
      return switch dtype {
      case .float32: Double(Float(bitPattern: UInt32(bits)))
      case .float64: Double(bitPattern: bits)
      case .int32: Double(Int32(bitPattern: UInt32(bits)))
      default: Double(Int64(bitPattern: bits))
      }
    }
    guard values.count == shape.reduce(1, *) else { return nil }
    self.init(dtype, shape, values)
  }
}
