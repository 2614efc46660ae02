public import Graph

extension GraphDefImporter {
  /// What the gradient of the variable `name` is called, by the convention of exported graphs.
  public static func gradientName(of name: String) -> String { "d-" + name }
}

/// What the outputs that are the gradient of a variable are called.
struct GradientNames {
  /// The gradient as a tensor of the variable's shape.
  let dense: String
  /// Where in the variable each of its rows belongs.
  let indices: String
  /// The rows.
  let values: String

  /// The names of the gradient of `variable`.
  init(of variable: String) {
    dense = GraphDefImporter.gradientName(of: variable)
    indices = "\(dense) indices"
    values = "\(dense) values"
  }
}

extension Program {
  /// The outputs that are the gradient of a variable, by their numbers.
  public enum GradientOutput: Hashable, Sendable {
    /// A tensor of the variable's shape.
    case dense(Int)
    /// Rows that are to be added up: where in the variable each of them belongs, and the rows.
    case rows(indices: Int, values: Int)

    /// Whether the gradient is rows: the variable is a table, read by rows only.
    public var isRows: Bool {
      switch self {
      case .dense: false
      case .rows: true
      }
    }

    /// The numbers of the outputs.
    public var outputs: [Int] {
      switch self {
      case .dense(let output): [output]
      case .rows(let indices, let values): [indices, values]
      }
    }
  }

  /// The outputs that are the gradient of the variable `name`, or `nil` if the program was not asked for it.
  public func gradient(of name: String) -> GradientOutput? {
    let names = GradientNames(of: name)
    if let indices = output(names.indices), let values = output(names.values) {
      return .rows(indices: indices, values: values)
    }
    return output(names.dense).map { .dense($0) }
  }
}
