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

/// The gradient with respect to a parameter.
public enum Gradient: Sendable {
  /// A tensor of the parameter's type.
  case dense(Value)
  /// Rows of a table, by index, to be added up: `indices` has shape `[n]`, `values` `[n, …]`.
  case rows(indices: Value, values: Value)
}
