public import Graph
import Kernels

extension NpyArray {
  /// The values of `view`.
  public init(copying view: TensorView) {
    let values: Values =
      switch view.dtype {
      case .float32: .float32(view.scalars(Float.self).array)
      case .float64: .float64(view.scalars(Double.self).array)
      case .int32: .int32(view.scalars(Int32.self).array)
      case .int64: .int64(view.scalars(Int64.self).array)
      case .bool: .bool(view.scalars(Bool.self).array)
      }
    self.init(shape: view.dimensions.array, values: values)
  }

  /// The array as a tensor of `dtype` elements; `name` is what it is fed to.
  ///
  /// - Throws: ``SessionError/inexact(name:position:value:dtype:)`` if a value would change.
  func tensor(_ dtype: DType, _ dimensions: Dimensions, name: String) throws(SessionError) -> OwnedTensor {
    precondition(dimensions.array == shape, "an array of shape \(shape) as \(dimensions)")
    switch dtype {
    case .float32:
      if case .float32(let values) = values { return OwnedTensor(values, dimensions) }
      return OwnedTensor(try exact(name, dtype, { Self.float($0) }, { Float(exactly: $0) }), dimensions)
    case .float64:
      return OwnedTensor(try exact(name, dtype, { $0 }, { Double(exactly: $0) }), dimensions)
    case .int32:
      return OwnedTensor(try exact(name, dtype, { Int32(exactly: $0) }, { Int32(exactly: $0) }), dimensions)
    case .int64:
      return OwnedTensor(try exact(name, dtype, { Int64(exactly: $0) }, { $0 }), dimensions)
    case .bool:
      return OwnedTensor(
        try exact(name, dtype, { $0 == 0 ? false : $0 == 1 ? true : nil }, { $0 == 0 ? false : $0 == 1 ? true : nil }),
        dimensions)
    }
  }

  private static func float(_ value: Double) -> Float? {
    let float = Float(value)
    return Double(float) == value || value.isNaN ? float : nil
  }

  private func exact<Scalar>(
    _ name: String, _ dtype: DType, _ fromDouble: (Double) -> Scalar?, _ fromInteger: (Int64) -> Scalar?
  ) throws(SessionError) -> [Scalar] {
    func convert<Source>(_ values: [Source], _ body: (Source) -> Scalar?) throws(SessionError) -> [Scalar] {
      var result: [Scalar] = []
      result.reserveCapacity(values.count)
      for (position, value) in values.enumerated() {
        guard let converted = body(value) else {
          throw .inexact(name: name, position: position, value: "\(value)", dtype: dtype)
        }
        result.append(converted)
      }
      return result
    }
    return switch values {
    case .float32(let values): try convert(values) { fromDouble(Double($0)) }
    case .float64(let values): try convert(values) { fromDouble($0) }
    case .int32(let values): try convert(values) { fromInteger(Int64($0)) }
    case .int64(let values): try convert(values) { fromInteger($0) }
    case .uint8(let values): try convert(values) { fromInteger(Int64($0)) }
    case .bool(let values): try convert(values) { fromInteger($0 ? 1 : 0) }
    }
  }

  /// The element type that a tensor with these values has, where nothing else tells.
  var dtype: DType {
    switch values {
    case .float32: .float32
    case .float64: .float64
    case .int32, .uint8: .int32
    case .int64: .int64
    case .bool: .bool
    }
  }

  /// The position and value of the first element that is infinite or not a number.
  var firstNonFinite: (position: Int, value: Float)? {
    switch values {
    case .float32(let values):
      values.firstIndex { !$0.isFinite }.map { ($0, values[$0]) }
    case .float64(let values):
      values.firstIndex { !$0.isFinite }.map { ($0, Float(values[$0])) }
    case .int32, .int64, .uint8, .bool: nil
    }
  }

  /// What NumPy calls the element type.
  public var typeName: String {
    switch values {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}
