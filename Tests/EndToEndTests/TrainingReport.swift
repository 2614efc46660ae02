import Foundation
import TestSupport
import Testing

/// What `onlearn train --json` says last.
struct TrainingReport: Decodable {
  var step: Int
  var version: UInt64
  var loss: Double

  /// The report of a training that ended well.
  init(_ process: OnlearnProcess) throws {
    #expect(process.status == 0, "\(process.errors)")
    try self.init(line: process.lastLine)
  }

  /// The report in `line`.
  init(line: some StringProtocol) throws {
    self = try JSONDecoder().decode(TrainingReport.self, from: Data(line.utf8))
  }
}
