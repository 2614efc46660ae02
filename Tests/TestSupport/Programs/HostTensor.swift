package import Graph
import Kernels

/// A tensor of a test: its numbers as doubles, whatever its element type.
package struct HostTensor: Hashable, Sendable, CustomStringConvertible {
  /// The element type.
  package var dtype: DType
  /// The extents.
  package var shape: [Int]
  /// The elements, row-major.
  package var values: [Double]

  /// The tensor of `shape` with `values`, repeated as often as the shape needs.
  package init(_ dtype: DType, _ shape: [Int], _ values: [Double]) {
    self.dtype = dtype
    self.shape = shape
    let count = shape.reduce(1, *)
    self.values = values.count == count ? values : (0..<count).map { values[$0 % values.count] }
  }

  /// A single number.
  package init(_ dtype: DType, _ number: Double) { self.init(dtype, [], [number]) }

  /// A copy of what `view` lends.
  package init(_ view: TensorView) {
    dtype = view.dtype
    shape = view.dimensions.array
    values =
      switch view.dtype {
      case .float32: view.scalars(Float.self).array.map(\.castToDouble)
      case .float64: view.scalars(Double.self).array
      case .int32: view.scalars(Int32.self).array.map(\.castToDouble)
      case .int64: view.scalars(Int64.self).array.map(\.castToDouble)
      case .bool: view.scalars(Bool.self).array.map(\.castToDouble)
      }
  }

  /// The number, where there is one.
  package var scalar: Double { values[0] }

  /// The largest magnitude of a finite element.
  package var magnitude: Double { values.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 } }

  /// Whether type and shape agree with `other`'s, and each element within `relative` of its magnitude and of the
  /// largest's, plus `absolute`.
  package func isClose(to other: HostTensor, relative: Double, absolute: Double = 0) -> Bool {
    guard dtype == other.dtype, shape == other.shape else { return false }
    let slack = relative * other.magnitude + absolute
    return zip(values, other.values).allSatisfy { a, b in
      a == b || (a.isNaN && b.isNaN) || (a - b).magnitude <= relative * b.magnitude + slack
    }
  }

  /// This tensor with elements of type `dtype`.
  package func cast(to dtype: DType) -> HostTensor { HostTensor(dtype, shape, values) }

  package var description: String {
    let shown = values.prefix(12).map { "\($0)" }.joined(separator: ", ")
    return "\(dtype)\(shape) {\(shown)\(values.count > 12 ? ", …" : "")}"
  }
}

/// Memory of a test that holds a tensor and lends it.
package final class LentTensor {
  private let memory: AlignedMemory
  /// What is lent.
  package let view: TensorView

  /// A copy of `tensor`.
  package init(_ tensor: HostTensor) {
    let count = tensor.values.count
    let memory = AlignedMemory(byteCount: max(count * tensor.dtype.byteCount, 1), hugePages: false)
    self.memory = memory
    let dimensions = Dimensions(tensor.shape)
    func lend<Scalar: TensorScalar & CastableScalar>(_: Scalar.Type) -> TensorView {
      let scalars = memory.view(of: Scalar.self, count: count)
      for (index, value) in tensor.values.enumerated() { scalars[index] = Scalar(casting: value) }
      return TensorView(scalars, dimensions)
    }
    view =
      switch tensor.dtype {
      case .float32: lend(Float.self)
      case .float64: lend(Double.self)
      case .int32: lend(Int32.self)
      case .int64: lend(Int64.self)
      case .bool: lend(Bool.self)
      }
  }
}
