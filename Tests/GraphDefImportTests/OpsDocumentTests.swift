import Foundation
import GraphDefImport
import Testing

@Suite struct `The table of operations` {
  private let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Documentation/Operations.md").standardized

  private var text: String {
    let rows = SupportedOp.all.map { "| `\($0.name)` | \($0.isDifferentiable ? "yes" : "") |" }
    return """
      # Operations

      The \(SupportedOp.all.count) TensorFlow operations that graphs may use on the way to what is asked for, beside \
      `Const` and `Placeholder`. Others are ignored where nothing depends on them, and otherwise reported together.

      Calls of functions (`PartitionedCall`, `StatefulPartitionedCall`), conditionals (`If`, `StatelessIf`) and the loops of \
      TensorFlow 1 (`Enter`, `NextIteration`, …) are written out before, so they are not in the table.

      A test keeps this table true; `ONLEARN_UPDATE_DOCUMENTATION=1 swift test --filter OpsDocumentTests` writes it.

      | Operation | Differentiable |
      |---|---|
      \(rows.joined(separator: "\n"))

      """
  }

  @Test func `lists what can be imported`() throws {
    if ProcessInfo.processInfo.environment["ONLEARN_UPDATE_DOCUMENTATION"] != nil {
      try text.write(to: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: path, encoding: .utf8) == text)
  }
}
