import Graph
import Kernels

extension OpImporter {
  /// Sums of products of tensors, spelt by naming their axes.
  static let einsum: [String: OpImporter] = [
    "Einsum": OpImporter { node in
      let equation = try node.text("equation", default: "")
      guard let parsed = EinsumEquation(equation) else {
        throw ImportError.Reason.attribute(
          "equation", found: "'\(equation)'", expected: "one or two operands and a result, as in 'ab,bc->ac'")
      }
      guard parsed.operands.count == node.operands.count else {
        throw ImportError.Reason.other("'\(equation)' is for \(parsed.operands.count) operands")
      }
      return try parsed.apply(to: node.allOperands())
    }
  ]
}

/// The axes of the operands and of the result of an `Einsum`, by label.
private struct EinsumEquation {
  private(set) var operands: [[Character]]
  private(set) var result: [Character]

  private static let ellipsis: Character = "…"

  /// Reads `equation`; `nil` if it is none, or has more than two operands.
  init?(_ equation: String) {
    func labels(_ text: Substring) -> [Character]? {
      var labels: [Character] = []
      var rest = text
      while let first = rest.first {
        if rest.hasPrefix("...") {
          labels.append(Self.ellipsis)
          rest = rest.dropFirst(3)
        } else {
          guard first.isASCII, first.isLetter else { return nil }
          labels.append(first)
          rest = rest.dropFirst()
        }
      }
      return Set(labels).count == labels.count ? labels : nil
    }
    let text = equation.filter { $0 != " " }
    guard let arrow = text.firstRange(of: "->"), let result = labels(text[arrow.upperBound...]) else { return nil }
    let operands = text[..<arrow.lowerBound].split(separator: ",", omittingEmptySubsequences: false).map(labels)
    guard operands.count <= 2, !operands.contains(where: { $0 == nil }) else { return nil }
    self.operands = operands.compactMap { $0 }
    self.result = result
    guard Set(result).isSubset(of: self.operands.joined()) else { return nil }
  }

  /// An operand whose axes have labels.
  private struct Labelled {
    var value: Value
    var labels: [Character]

    /// The extent of the axis `label`.
    func extent(_ label: Character) -> Extent { value.shape[labels.firstIndex(of: label)!] }

    /// Sums over the axes whose labels are not in `kept`.
    mutating func sum(keeping kept: Set<Character>) throws {
      let summed = labels.indices.filter { !kept.contains(labels[$0]) }
      guard !summed.isEmpty else { return }
      value = try value.summed(over: AxisSet(axes: summed))
      labels.removeAll { !kept.contains($0) }
    }

    /// Puts the axes into the order of `groups`, and makes one axis of those of each group but the first.
    func arranged(_ groups: [[Character]]) throws -> Value {
      let order = groups.joined().map { label in labels.firstIndex(of: label)! }
      let extents = try groups.dropFirst().map { group in
        guard let extent = Shape.product(of: group.map(extent)) else {
          throw ImportError.Reason.other("axes of B² elements")
        }
        return extent
      }
      return try value.transposed(to: Array(order)).reshaped(to: Shape(groups[0].map(extent) + extents))
    }
  }

  /// The labels with a private one for each axis that an ellipsis stands for, counted from the last.
  private func labels(of operand: Int, rank: Int) throws -> [Character] {
    let labels = operands[operand]
    let hidden = rank - (labels.count - 1)
    guard let place = labels.firstIndex(of: Self.ellipsis) else {
      guard labels.count == rank else { throw ImportError.Reason.other("operand \(operand) has \(rank) axes") }
      return labels
    }
    guard hidden >= 0 else { throw ImportError.Reason.other("operand \(operand) has \(rank) axes") }
    return labels[..<place] + Self.hidden(hidden) + labels[(place + 1)...]
  }

  private static func hidden(_ count: Int) -> [Character] {
    (0..<count).reversed().map { Character(Unicode.Scalar(UInt8(ascii: "0") + UInt8(clamping: $0))) }
  }

  func apply(to values: [Value]) throws -> Value {
    var parts = try values.enumerated().map { Labelled(value: $1, labels: try labels(of: $0, rank: $1.shape.rank)) }
    let hidden = parts.map { $0.labels.count { $0.isNumber } }.max() ?? 0
    let result = self.result.flatMap { $0 == Self.ellipsis ? Self.hidden(hidden) : [$0] }
    let first = Set(parts[0].labels)
    let second = parts.count == 2 ? Set(parts[1].labels) : []
    try parts[0].sum(keeping: second.union(result))
    guard parts.count == 2 else { return try parts[0].arranged([result]) }
    try parts[1].sum(keeping: first.union(result))
    let (a, b) = (parts[0], parts[1])
    let shared = a.labels.filter { b.labels.contains($0) }
    for label in shared where a.extent(label) != b.extent(label) {
      throw ShapeError("einsum", values.map(\.type), expected: "axes '\(label)' of one extent")
    }
    let batch = shared.filter { result.contains($0) }
    let contracted = shared.filter { !result.contains($0) }
    let rows = a.labels.filter { !shared.contains($0) }
    let columns = b.labels.filter { !shared.contains($0) }
    let product = try a.arranged([batch, rows, contracted])
      .batchedMatmul(transposed: false, b.arranged([batch, contracted, columns]), transposed: false)
    let extents = (batch + rows).map(a.extent) + columns.map(b.extent)
    return try Labelled(value: product.reshaped(to: Shape(extents)), labels: batch + rows + columns).arranged([result])
  }
}
