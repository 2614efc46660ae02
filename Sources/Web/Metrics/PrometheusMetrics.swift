public import CoreMetrics
import Synchronization

/// A back end for swift-metrics that renders the Prometheus text format.
///
/// Timers become histograms in seconds, recorders histograms of what they record, meters gauges. A metric lives as long
/// as the process, so that a model that is loaded again goes on counting; only a gauge can be destroyed.
/// - SeeAlso: The text-based exposition format, version 0.0.4, of the Prometheus documentation.
public final class PrometheusMetrics: MetricsFactory {
  private struct Series: Hashable {
    var name: String
    var labels: String
  }

  fileprivate enum Handler {
    case counter(PrometheusCounter)
    case gauge(PrometheusGauge)
    case histogram(PrometheusHistogram)
  }

  private let help: [String: String]
  private let series = Mutex<[Series: Handler]>([:])

  /// Has no metric yet; `help` explains them by name.
  public init(help: [String: String] = [:]) { self.help = help }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    find(label, dimensions, { if case .counter(let counter) = $0 { counter } else { nil } }) {
      let counter = PrometheusCounter()
      return (counter, .counter(counter))
    }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    find(label, dimensions, { if case .gauge(let gauge) = $0 { gauge } else { nil } }) {
      let gauge = PrometheusGauge()
      return (gauge, .gauge(gauge))
    }
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate { return makeHistogram(label, dimensions) }
    return find(label, dimensions, { if case .gauge(let gauge) = $0 { gauge } else { nil } }) {
      let gauge = PrometheusGauge()
      return (gauge, .gauge(gauge))
    }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    makeHistogram(label, dimensions)
  }

  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// Forgets a gauge, which would tell for ever how something is that is not there any more.
  public func destroyMeter(_ handler: any MeterHandler) {
    series.withLock { series in
      series = series.filter { if case .gauge(let gauge) = $0.value { gauge !== handler } else { true } }
    }
  }

  private func makeHistogram(_ label: String, _ dimensions: [(String, String)]) -> PrometheusHistogram {
    find(label, dimensions, { if case .histogram(let histogram) = $0 { histogram } else { nil } }) {
      let histogram = PrometheusHistogram()
      return (histogram, .histogram(histogram))
    }
  }

  /// The handler of a series, made when it is first asked for.
  private func find<Found: Sendable>(
    _ label: String, _ dimensions: [(String, String)], _ cast: (Handler) -> Found?, make: () -> (Found, Handler)
  ) -> Found {
    let key = Series(name: Self.name(label), labels: Self.labels(dimensions))
    return series.withLock { series in
      if let handler = series[key] {
        guard let found = cast(handler) else { preconditionFailure("'\(key.name)' is a metric of two kinds") }
        return found
      }
      let (found, handler) = make()
      series[key] = handler
      return found
    }
  }

  /// All metrics as text, in alphabetical order.
  public func render() -> String {
    let all = series.withLock { $0 }.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
    var text = ""
    var family = ""
    for (key, handler) in all {
      if key.name != family {
        family = key.name
        text += "# HELP \(family) \(help[family] ?? "The metric \(family).")\n# TYPE \(family) \(handler.type)\n"
      }
      handler.render(key.name, key.labels, into: &text)
    }
    return text
  }

  private static func name(_ label: String) -> String {
    String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
  }

  /// `model="mlp",reason="busy"`
  private static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { key, value in
      let escaped = value.flatMap { character -> [Character] in
        switch character {
        case "\\": ["\\", "\\"]
        case "\"": ["\\", "\""]
        case "\n": ["\\", "n"]
        default: [character]
        }
      }
      return "\(name(key))=\"\(String(escaped))\""
    }.joined(separator: ",")
  }
}

extension PrometheusMetrics.Handler {
  fileprivate var type: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }

  fileprivate func render(_ name: String, _ labels: String, into text: inout String) {
    let suffix = labels.isEmpty ? "" : "{\(labels)}"
    switch self {
    case .counter(let counter): text += "\(name)\(suffix) \(counter.value)\n"
    case .gauge(let gauge): text += "\(name)\(suffix) \(gauge.value)\n"
    case .histogram(let histogram):
      let (buckets, count, sum) = histogram.values
      let prefix = labels.isEmpty ? "" : labels + ","
      for (bound, total) in zip(PrometheusHistogram.bounds, buckets) {
        text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
      }
      text +=
        "\(name)_bucket{\(prefix)le=\"+Inf\"} \(count)\n\(name)_sum\(suffix) \(sum)\n\(name)_count\(suffix) \(count)\n"
    }
  }
}
