import Foundation
import GraphDefImport
import PS
import Parameters
import TestSupport
import Testing
import Transport

/// A model whose parameters count what it learns from: at a learning rate of 1 each batch takes one from the first, and
/// the value of its second feature from the other. A batch that is lost or applied twice is seen.
struct CountingModel {
  /// Its name.
  static let name = "counting"
  /// The examples of a batch.
  static let batch = 32
  /// What a server has to be told to train it by counting.
  static let training = ["--learning-rate", "1", "--optimizer", "sgd"]

  /// The folder of the model.
  let folder: String
  /// The stream: batches of 1, of 2 and so on to 7, again and again.
  let data: String

  /// The batches until it begins again.
  static let values = 7

  /// Writes the model and its examples to a folder in `parent`.
  init(in parent: CommandFolder) throws {
    folder = "\(parent.path)/counting"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 2])
    graph.variable("w", [2, 1], initialValue: graph.constant("zero", [0], [2, 1]))
    graph.add("logits", op: "MatMul", ["input_x", "w/read"], ["T": .type(.float)])
    graph.constant("axes", integers: [0, 1])
    graph.add("loss", op: "Mean", ["logits", "axes"], ["T": .type(.float)])
    try Data(graph.encoded()).write(to: URL(fileURLWithPath: "\(folder)/counting.pb"))
    let config = """
      {"other": {"dense": ["w"], "gradient": ["d-w"], "observe": ["loss"], "batch_size": \(Self.batch), \
      "input_size": [\(Self.batch), 2], "output_size": [\(Self.batch), 1], "model_name": "\(Self.name)", \
      "learning_rate": 1, "pb_path": "counting.pb"}, "dense_shape": {"w": [2, 1], "d-w": [2, 1]}}
      """
    try config.write(toFile: "\(folder)/counting.json", atomically: true, encoding: .utf8)
    let file = "\(folder)/examples.csv"
    let lines = (1...Self.values).flatMap { [String](repeating: "1,1,\($0)\n", count: Self.batch) }
    try lines.joined().write(toFile: file, atomically: true, encoding: .utf8)
    data = "csv:\(file)?label=first&order=file"
  }

  /// The arguments of a client that trains it at `address` until it is interrupted.
  func client(of address: String, _ more: String...) -> [String] {
    [
      "train", "-m", Self.name, "--server", address, "--data", data, "--batch", "\(Self.batch)", "--epochs", "1000000",
      "--json",
    ] + more
  }

  /// The arguments of a worker that trains it on the parameter servers `store` until it is interrupted.
  func worker(of store: String, _ more: [String]) -> [String] {
    [
      "train", "\(folder)/counting.json", "--store", "ps:\(store)", "--data", data, "--batch", "\(Self.batch)",
      "--epochs", "1000000", "--json",
    ] + Self.training + more
  }

  /// Checks that the parameters on `server` count `batches` batches of the stream, each once.
  func expect(_ batches: Int, on server: String) async throws {
    let address = try Address(server)
    let (weights, version) = try await Soak.onThread {
      let store = try ParameterClient(reading: Self.name, links: NetworkLinks([address], options: .init()))
      return (try store.read("w"), store.version)
    }
    let sum = (0..<batches).reduce(0) { $0 + $1 % Self.values + 1 }
    #expect(weights == [Float(-batches), Float(-sum)])
    #expect(version == UInt64(batches))
  }
}
