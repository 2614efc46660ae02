import Graph
import GraphDefImport
import Kernels
import TestSupport
import Testing

@Suite struct `An Einsum` {
  /// The extent of each label; `B` is the batch.
  private static let extents: [Character: Int] = ["b": 3, "i": 2, "j": 4, "k": 5, "h": 2]

  private static let equations = [
    "bij,jk->bik", "bij,bkj->bik", "bij,bik->bjk", "bi,bj->bij", "bi,bi->b", "bij->bi", "bij->jbi", "bi,jk->bijk",
    "bhik,bhjk->bhij", "b,b->", "bij,kj->bki", "bij,->ijb", "bij,bij->",
  ]

  /// The sum of products, label by label.
  private func reference(_ equation: String, _ operands: [HostTensor]) -> HostTensor {
    let sides = equation.split(separator: "->", omittingEmptySubsequences: false).map(String.init)
    let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false)
      .map { Array<Character>($0) }
    let result = Array(sides[1])
    let labels = Set(inputs.joined()).sorted()
    let shape = result.map { Self.extents[$0]! }
    var values = Array(repeating: 0.0, count: shape.reduce(1, *))
    for number in 0..<labels.reduce(1, { $0 * Self.extents[$1]! }) {
      var (rest, place): (Int, [Character: Int]) = (number, [:])
      for label in labels {
        place[label] = rest % Self.extents[label]!
        rest /= Self.extents[label]!
      }
      func position(_ labels: [Character]) -> Int { labels.reduce(0) { $0 * Self.extents[$1]! + place[$1]! } }
      var product = 1.0
      for (labels, operand) in zip(inputs, operands) { product *= operand.values[position(labels)] }
      values[position(result)] += product
    }
    return HostTensor(.float32, shape, values)
  }

  @Test(arguments: equations) func `is the sum of products that its labels spell`(_ equation: String) throws {
    var random = SplitMix64(seed: 3)
    var graph = GraphDefBuilder()
    var feeds: [String: HostTensor] = [:]
    let inputs = equation.prefix { $0 != "-" }.split(separator: ",", omittingEmptySubsequences: false)
    for (number, labels) in inputs.enumerated() {
      let shape = labels.map { Self.extents[$0]! }
      graph.placeholder("x\(number)", .float, TensorShapeProto(labels.map { $0 == "b" ? -1 : Self.extents[$0]! }))
      feeds["x\(number)"] = .floats(
        (0..<shape.reduce(1, *)).map { _ in Double.random(in: -1...1, using: &random) }, shape)
    }
    let names = inputs.indices.map { "x\($0)" }
    graph.add("y", op: "Einsum", names, ["equation": .text(equation)])
    let found = try graph.evaluated(["y"], batch: 3, feeds: feeds)["y"]
    let expected = reference(equation, names.map { feeds[$0]! })
    #expect(try #require(found).isClose(to: expected, relative: 1e-5), "\(String(describing: found)), \(expected)")
  }

  @Test func `lets an ellipsis stand for axes`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 2, 2])
    graph.constant("w", [1, 2, 3, 4], [2, 2])
    graph.add("y", op: "Einsum", ["x", "w"], ["equation": .text("...i,ij->...j")])
    let results = try graph.evaluated(["y"], batch: 1, feeds: ["x": .floats([1, 1, 2, 0], [1, 2, 2])])
    #expect(results["y"] == .floats([4, 6, 2, 4], [1, 2, 2]))
  }

  @Test(arguments: ["", "ij", "ij,jk,kl->il", "ii->i", "ij,jk->ix", "ij,jk->i1", "ijk,jk->i", "ij,ik->jk"])
  func `is refused where it spells nothing, or something else than its operands`(_ equation: String) throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 3])
    graph.constant("w", [1, 2, 3, 4, 5, 6], [3, 2])
    graph.add("y", op: "Einsum", ["x", "w"], ["equation": .text(equation)])
    #expect(throws: GraphImportError.self) { try graph.program(["y"]) }
  }
}
