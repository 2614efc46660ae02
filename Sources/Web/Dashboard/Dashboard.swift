import NIOHTTP1
import Serve

/// The page for people: one self-contained document whose numbers are in it, and which JavaScript keeps up to date.
enum Dashboard {
  private static let template = String(decoding: PackageResources.dashboard_html, as: UTF8.self)
  private static let mark = "<!--MODELS-->"

  /// The page with the state of `report` in it.
  static func page(_ report: StatusReport) -> WebReply {
    let rows = report.loaded.map { row($0.model, $0.figures) }.joined()
    let table = rows.isEmpty ? "<tr><td colspan=\"10\">No model is loaded yet.</td></tr>" : rows
    let page = template.split(separator: mark, maxSplits: 1).joined(separator: table)
    return WebReply(
      status: .ok, contentType: "text/html; charset=utf-8", body: Array(page.utf8),
      headers: [
        (
          "Content-Security-Policy",
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
      ])
  }

  /// The columns that the page names in its head; names of models need no escaping.
  private static func row(_ model: ServedModel, _ figures: ModelFigures) -> String {
    let summary = figures.window
    let score = summary.auc ?? summary.accuracy
    let cells = [
      ReadableNumber.grouped(Double(model.version)), number(summary.loss, 4, summary.examples > 0),
      number(score, 4, summary.examples > 0), ReadableNumber.grouped(figures.rate),
      "\(model.load.waiting)", milliseconds(figures.steps.p50), milliseconds(figures.steps.p99),
      milliseconds(figures.scores.p99), milliseconds(figures.freshness.p99),
    ]
    let name = "<th scope=\"row\">\(model.name)\(model.isFrozen ? " (frozen)" : "")</th>"
    return "<tr>\(name)\(cells.map { "<td>\($0)</td>" }.joined())</tr>\n"
  }

  private static func number(_ value: Double, _ digits: Int, _ isKnown: Bool) -> String {
    isKnown ? ReadableNumber.fixed(value, digits) : "–"
  }

  private static func milliseconds(_ duration: Duration?) -> String {
    duration.map { ReadableNumber.fixed($0 / .milliseconds(1), 2) } ?? "–"
  }
}
