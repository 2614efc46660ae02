import NIOHTTP1
import Serve

/// The page for people: one self-contained document whose numbers are in it, and which JavaScript keeps up to date.
enum Dashboard {
  private static let template = String(decoding: PackageResources.dashboard_html, as: UTF8.self)

  /// The page with the state of `report` in it.
  static func page(_ report: StatusReport) -> WebReply {
    let rows = report.loaded.map { row($0.model, $0.figures) }.joined()
    let servers = report.servers.map { row($0) }.joined()
    let page = filled([
      ("<!--MODELS-->", rows.isEmpty ? "<tr><td colspan=\"10\">No model is loaded.</td></tr>" : rows),
      ("<!--HIDDEN-->", servers.isEmpty ? " hidden" : ""), ("<!--SERVERS-->", servers),
    ])
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

  /// The template with texts instead of its marks, which are there once each.
  private static func filled(_ texts: [(mark: String, text: String)]) -> String {
    texts.reduce(template) { page, filling in
      page.split(separator: filling.mark, maxSplits: 1).joined(separator: filling.text)
    }
  }

  /// The columns that the page names in its head; names of models need no escaping.
  private static func row(_ model: ServedModel, _ figures: ModelFigures) -> String {
    let summary = figures.window
    let cells = [
      ReadableNumber.grouped(Double(model.version)), number(summary.examples > 0 ? summary.loss : nil, 4),
      number(summary.auc ?? summary.accuracy, 4), ReadableNumber.grouped(figures.rate),
      "\(model.load.waiting)", milliseconds(figures.steps.p50), milliseconds(figures.steps.p99),
      milliseconds(figures.scores.p99), milliseconds(figures.freshness.p99),
    ]
    let name = "<th scope=\"row\">\(model.name)\(model.isFrozen ? " (frozen)" : "")</th>"
    return "<tr>\(name)\(cells.map { "<td>\($0)</td>" }.joined())</tr>\n"
  }

  /// The columns of a server; addresses need no escaping.
  private static func row(_ server: ServerHealth) -> String {
    let numbers = [
      ReadableNumber.grouped(server.updates), ReadableNumber.grouped(server.requestsPerSecond),
      ReadableNumber.grouped(server.refusals), ReadableNumber.grouped(server.connections),
      ReadableNumber.fixed(server.stateBytes / 1e6, 1), server.log.rawValue,
      ReadableNumber.grouped(server.unsyncedRecords), number(server.snapshotAge.isFinite ? server.snapshotAge : nil, 0),
    ]
    let cells = server.problem == nil ? numbers : numbers.map { _ in "–" }
    let state = "<td class=\"\(server.isWell ? "well" : "ill")\">\(server.state)</td>"
    return
      "<tr><th scope=\"row\">\(server.address)</th>\(state)\(cells.map { "<td>\($0)</td>" }.joined())</tr>\n"
  }

  private static func number(_ value: Double?, _ digits: Int) -> String {
    value.map { ReadableNumber.fixed($0, digits) } ?? "–"
  }

  private static func milliseconds(_ duration: Duration?) -> String {
    duration.map { ReadableNumber.fixed($0 / .milliseconds(1), 2) } ?? "–"
  }
}
