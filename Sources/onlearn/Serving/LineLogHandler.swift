import Foundation
import JSON
import Logging

/// Writes each log message as one line to standard error: as text for people or as JSON for programs.
struct LineLogHandler: LogHandler {
  /// How lines look.
  enum Format: String, CaseIterable, Sendable {
    /// `2026-01-02T03:04:05Z info loaded model=mlp version=12`
    case text
    /// `{"time": "2026-01-02T03:04:05Z", "level": "info", "message": "loaded", "model": "mlp", "version": "12"}`
    case json
  }

  private let format: Format
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel: Logger.Level

  init(format: Format, level: Logger.Level) {
    self.format = format
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
    let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    let time = Date.now.formatted(.iso8601)
    switch format {
    case .text:
      let suffix = pairs.map { " \($0)=\($1.contains(" ") ? "\"\($1)\"" : $1)" }.joined()
      Output.error("\(time) \(event.level) \(event.message)\(suffix)")
    case .json:
      var line = ObjectText()
      line.add("time", time)
      line.add("level", event.level.rawValue)
      line.add("message", "\(event.message)")
      for (key, value) in pairs { line.add(key, value) }
      Output.error(line.text)
    }
  }
}
