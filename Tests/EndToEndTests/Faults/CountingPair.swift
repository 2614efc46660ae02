import Foundation
import PS
import Parameters
import TestSupport
import Testing
import Transport

/// Two workers that share the stream of a ``CountingModel``: processes that may be stopped, killed and started again.
struct CountingPair {
  /// The steps of each worker.
  let steps: Int
  private let folder: CommandFolder
  private let model: CountingModel

  init(steps: Int, in folder: CommandFolder) throws {
    self.steps = steps
    self.folder = folder
    model = try CountingModel(in: folder)
  }

  /// Starts a worker, which goes on where the servers have its part of the stream.
  func start(_ rank: Int, _ mode: String, at addresses: [Address], log: String) throws -> RunningServer {
    let servers = addresses.map(\.description).joined(separator: ",")
    let arguments = [
      "train", "\(model.folder)/counting.json", "--store", "ps:\(servers)", "--data", model.data, "--batch",
      "\(CountingModel.batch)", "--epochs", "1000000", "--steps", "\(steps)", "--rank", "\(rank)", "--workers", "2",
      "--consistency", mode, "--resume", "--threads", "1",
    ]
    return try RunningServer(arguments + CountingModel.training, log: log, in: folder)
  }

  /// Checks that each worker's batches are applied, each once: of seven in turn the first has every other one from the
  /// first on, the second has those between.
  func expectAllOnce(at addresses: [Address]) async throws {
    let weights = try await Soak.onThread {
      try ParameterClient(reading: CountingModel.name, links: NetworkLinks(addresses)).read("w")
    }
    let sum = (0..<steps).reduce(0) { $0 + [1, 3, 5, 7][$1 % 4] + [2, 4, 6][$1 % 3] }
    #expect(weights == [Float(-2 * steps), Float(-sum)])
  }
}
