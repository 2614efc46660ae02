import CoreMetrics
import Serve
import Testing
import Web

@Suite struct `Metrics as Prometheus text` {
  @Test func `are complete, in order, and escaped`() {
    let metrics = PrometheusMetrics(help: ["requests_total": "Requests."])
    Counter(label: "requests_total", dimensions: [("path", "a\"b\\c\n")], factory: metrics).increment(by: 3)
    Counter(label: "requests_total", dimensions: [("path", "z")], factory: metrics).increment()
    Meter(label: "depth", factory: metrics).set(2.5)
    let timer = Timer(label: "wait_seconds", dimensions: [("model", "m")], factory: metrics)
    timer.recordMilliseconds(3)
    timer.recordSeconds(20)
    let text = metrics.render()
    #expect(
      text.hasPrefix(
        """
        # HELP depth The metric depth.
        # TYPE depth gauge
        depth 2.5
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{path="a\\"b\\\\c\\n"} 3
        requests_total{path="z"} 1
        # HELP wait_seconds The metric wait_seconds.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{model="m",le="5e-05"} 0

        """))
    #expect(text.contains("wait_seconds_bucket{model=\"m\",le=\"0.005\"} 1\n"))
    #expect(text.contains("wait_seconds_bucket{model=\"m\",le=\"+Inf\"} 2\n"))
    #expect(text.hasSuffix("wait_seconds_sum{model=\"m\"} 20.003\nwait_seconds_count{model=\"m\"} 2\n"))
  }

  @Test func `tell of a parameter server as long as it is there`() {
    let metrics = PrometheusMetrics()
    var meters = ServerMeters(factory: metrics)
    let (one, two) = (ServerHealth("one:1", problem: "silence"), ServerHealth("two:2", problem: "silence"))
    for servers in [[one, two], [two], [two, one]] {
      meters.report(servers)
      let text = metrics.render()
      for server in [one, two] {
        let line = "onlearn_parameter_server_up{server=\"\(server.address)\"} 0.0\n"
        #expect(text.contains(line) == servers.contains { $0.address == server.address })
        #expect(text.contains(server.address) == text.contains(line))
      }
    }
  }

  @Test func `go on counting when a metric is made again`() {
    let metrics = PrometheusMetrics()
    for _ in 0..<3 { Counter(label: "loads_total", factory: metrics).increment() }
    #expect(metrics.render().contains("loads_total 3\n"))
  }
}
