import Wire

extension Refusal {
  /// Whether the mutation that it refuses uses up its number: it is wrong, and will be however often it is sent.
  ///
  /// Server and client number a session's mutations by this rule, each by itself, so it is written once.
  var usesUpSequence: Bool { (300..<400).contains(code.rawValue) || code == .clockRegression }
}
