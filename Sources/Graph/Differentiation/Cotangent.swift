/// The gradient of the loss with respect to a value, in the form in which it arises.
///
/// A gather has a gradient in a few rows, a slice in a part: neither becomes a tensor of the value's size unless somebody
/// needs it as one.
public enum Cotangent: Sendable {
  /// A tensor of the value's type.
  case dense(Value)
  /// Rows of the value's first axis: `values[i…]` is added to row `indices[i]`. `indices` has shape `[n]`, `values` `[n, …]`.
  case rows(indices: Value, values: Value)
  /// The part of the value that `slice` takes.
  case part(Slice, Value)
}

extension Cotangent {
  /// This cotangent where `condition`, a single truth value, holds, and zero elsewhere.
  func kept(where condition: Value) throws(ShapeError) -> Cotangent {
    func kept(_ value: Value) throws(ShapeError) -> Value {
      try condition.selecting(value, Value.constant(0, value.dtype, in: value.builder))
    }
    switch self {
    case .dense(let value): return .dense(try kept(value))
    case .rows(let indices, let values): return .rows(indices: indices, values: try kept(values))
    case .part(let slice, let value): return .part(slice, try kept(value))
    }
  }
}

/// The gradient with respect to a parameter.
public enum Gradient: Sendable {
  /// A tensor of the parameter's type.
  case dense(Value)
  /// Rows of a table, by index, to be added up: `indices` has shape `[n]`, `values` `[n, …]`.
  case rows(indices: Value, values: Value)
}
