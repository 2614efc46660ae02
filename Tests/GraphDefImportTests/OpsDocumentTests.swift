import Foundation
import GraphDefImport
import Testing

@Suite struct `The table of operations` {
  private let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Documentation/Operations.md").standardized

  private var text: String {
    let rows = SupportedOp.all.map { "| `\($0.name)` | \($0.isDifferentiable ? "yes" : "") | \($0.limits) |" }
    return """
      # Operations

      The \(SupportedOp.all.count) TensorFlow operations that graphs may use on the way to what is asked for, beside \
      `Const` and `Placeholder`. Others are ignored where nothing depends on them, and otherwise reported together.

      Calls of functions (`PartitionedCall`, `StatefulPartitionedCall`), conditionals (`If`, `StatelessIf`) and the loops of \
      TensorFlow 1 (`Enter`, `NextIteration`, …) are written out before, so they are not in the table.

      Integers of 8 and 16 bits and unsigned ones of 32 can be fed, cast, compared and moved; arithmetic on them is refused. \
      Operands that say shapes, axes or sizes must follow from the graph and the batch size.

      A test keeps this table true; `ONLEARN_UPDATE_DOCUMENTATION=1 swift test --filter OpsDocumentTests` writes it.

      | Operation | Differentiable | Limits |
      |---|---|---|
      \(rows.joined(separator: "\n"))

      """
  }

  @Test func `has no limits of what is not supported`() {
    #expect(Set(OpImporter.limits.keys).isSubset(of: SupportedOp.all.map(\.name)))
  }

  @Test func `lists what can be imported`() throws {
    if ProcessInfo.processInfo.environment["ONLEARN_UPDATE_DOCUMENTATION"] != nil {
      try text.write(to: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: path, encoding: .utf8) == text)
  }
}
