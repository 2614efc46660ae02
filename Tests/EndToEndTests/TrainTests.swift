import Foundation
import TestSupport
import Testing

/// Writes a csv file of two classes that a perceptron can tell apart, and a folder for what commands write.
private final class Workplace {
  let folder: String
  let csv: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-e2e-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var lines = ""
    var state: UInt64 = 1
    for example in 0..<600 {
      let label = example % 5
      let features = (0..<20).map { column in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let noise = Double(state >> 40) / Double(1 << 24) - 0.5
        return String(format: "%.4f", (column % 5 == label ? 1.0 : 0.0) + noise)
      }
      lines += features.joined(separator: ",") + ",\(label)\n"
    }
    csv = folder + "/examples.csv"
    try lines.write(toFile: csv, atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

@Suite struct `The train and score commands` {
  private let model = "Tests/Fixtures/mlp_small/mlp_small.json"
  private let workplace: Workplace

  /// Arguments that are wrong, and the status they are refused with.
  private static let refusals: [([String], Int32)] = [
    (["--data", "nonsense"], 64), (["--data", "csv:nowhere.csv"], 66), (["--data", "csv:BAD"], 65),
    (["--data", "csv:CSV", "--store", "elsewhere"], 64), (["--data", "csv:CSV", "--optimizer", "magic"], 64),
    (["--data", "csv:CSV", "--init", "magic"], 64), (["--data", "csv:CSV", "--batch", "0"], 64),
    (["--data", "csv:CSV", "--resume", "--store", "file:FOLDER/none.st"], 66), (["--data", "csv:CSV", "--resume"], 64),
    (["--data", "csv:CSV", "--rank", "0"], 64), (["--data", "csv:CSV", "--consistency", "bsp"], 64),
    (["--data", "csv:CSV", "--store", "file:FOLDER/x.st", "--tls"], 64),
    (["--data", "csv:CSV", "--key-file", "nope"], 64), (["--data", "csv:CSV?order=file", "--shuffle"], 64),
    (["--data", "csv:CSV", "--store", "file:FOLDER/no/folder/x.st"], 73),
    (["--data", "csv:CSV", "--store", "file:CSV", "--resume"], 65),
    (["--data", "csv:CSV", "--graph", "nowhere.pb"], 66), (["--data", "csv:CSV", "--graph", "README.md"], 65),
    (["--data", "csv:CSV", "--learning-rate", "1e30"], 65), (["--data", "csv:CSV", "--save-every", "1e30"], 64),
  ]

  init() throws { workplace = try Workplace() }

  private func train(_ arguments: String...) throws -> OnlearnProcess {
    try OnlearnProcess.run(["train", model] + arguments)
  }

  @Test func `train a model, save it, and score with it`() throws {
    let store = "file:\(workplace.folder)/small.safetensors"
    let training = try train(
      "--data", "csv:\(workplace.csv)", "--batch", "32", "--epochs", "30", "--store", store, "--json",
      "--learning-rate", "0.2")
    #expect(training.status == 0, "\(training.errors)")
    #expect(training.lastLine.contains("\"done\": true"))
    let scores = try OnlearnProcess.run(
      ["score", model, "--store", store, "--data", "csv:\(workplace.csv)", "--json"])
    #expect(scores.status == 0, "\(scores.errors)")
    let lines = scores.output.split(separator: "\n")
    #expect(lines.count == 601)
    struct Judgement: Decodable { var metrics: [String: Double] }
    let judgement = try JSONDecoder().decode(Judgement.self, from: Data(try #require(lines.last).utf8))
    #expect(try #require(judgement.metrics["accuracy"]) > 0.95)
  }

  @Test func `continue an interrupted run as if it had not been interrupted`() throws {
    let (whole, part) = ("\(workplace.folder)/whole.st", "\(workplace.folder)/part.st")
    let common = ["--data", "csv:\(workplace.csv)", "--batch", "50", "--epochs", "4", "--threads", "1"]
    #expect(try OnlearnProcess.run(["train", model, "--store", "file:\(whole)"] + common).status == 0)
    #expect(try OnlearnProcess.run(["train", model, "--store", "file:\(part)", "--steps", "17"] + common).status == 0)
    #expect(try OnlearnProcess.run(["train", model, "--store", "file:\(part)", "--resume"] + common).status == 0)
    #expect(FileManager.default.contents(atPath: whole) == FileManager.default.contents(atPath: part))
  }

  @Test func `save and end with status 0 when told to stop, and let nobody else train the file before`() throws {
    let path = "\(workplace.folder)/stopped.st"
    let endless = ["train", "Models/lr.json", "--data", "synthetic:ctr?seed=1", "--store", "file:\(path)"]
    let stopped = try OnlearnProcess.run(endless) { process in
      while !FileManager.default.fileExists(atPath: path + ".lock"), process.isRunning {
        Thread.sleep(forTimeInterval: 0.01)
      }
      let second = try OnlearnProcess.run(endless)
      #expect(second.status == 75, "\(second.errors)")
      #expect(second.errors.contains("is being trained already"), "\(second.errors)")
      kill(process.processIdentifier, SIGTERM)
    }
    #expect(stopped.status == 0, "\(stopped.errors)")
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
  }

  @Test(arguments: [("exec \"$0\" \"$@\" > /dev/full", 74), ("\"$0\" \"$@\" | head -n 1", 0)])
  func `save what was learned, and end, when reports cannot be written`(_ command: String, _ status: Int32) throws {
    let path = "\(workplace.folder)/unread.st"
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = [
      "-c", command, OnlearnProcess.path, "train", model, "--data", "csv:\(workplace.csv)", "--epochs", "1000000",
      "--report-every", "1", "--store", "file:\(path)",
    ]
    shell.currentDirectoryURL = URL(fileURLWithPath: OnlearnProcess.packageFolder)
    shell.standardOutput = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == status)
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: ["-", "-?scale=2"]) func `read lines from standard input`(_ source: String) throws {
    let lines = try String(contentsOfFile: workplace.csv, encoding: .utf8)
    let trained = try OnlearnProcess.run(["train", model, "--data", source, "--batch", "64", "--json"], input: lines)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.lastLine.contains("\"examples\": 600"))
  }

  @Test func `end with standard input, however many steps were wanted, and read it only once`() throws {
    let lines = try String(contentsOfFile: workplace.csv, encoding: .utf8)
    let wanted = ["train", model, "--data", "-", "--batch", "64", "--json"]
    let trained = try OnlearnProcess.run(wanted + ["--steps", "1000"], input: lines)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.lastLine.contains("\"examples\": 600"))
    let refused = try OnlearnProcess.run(wanted + ["--epochs", "3"], input: lines)
    #expect(refused.status == 64)
    #expect(refused.output.isEmpty && refused.errors.contains("it can be read only once"), "\(refused.errors)")
  }

  @Test(arguments: refusals)
  func `refuse what is wrong with a clear sentence and a status of its own`(
    _ arguments: [String], _ status: Int32
  ) throws {
    try "1,2,3\n4,5,6\n".write(toFile: workplace.folder + "/bad.csv", atomically: true, encoding: .utf8)
    let arguments = arguments.map {
      $0.replacingOccurrences(of: "BAD", with: workplace.folder + "/bad.csv")
        .replacingOccurrences(of: "CSV", with: workplace.csv)
        .replacingOccurrences(of: "FOLDER", with: workplace.folder)
    }
    let refused = try OnlearnProcess.run(["train", model] + arguments)
    #expect(refused.status == status, "\(refused.errors)")
    #expect(!refused.errors.isEmpty && !refused.errors.contains("Fatal error"))
  }

  @Test(arguments: ["0", "16777217"])
  func `and their neighbours say how many examples a batch may have`(_ batch: String) throws {
    let commands = [
      ["train", model, "--data", "-"], ["score", model, "--data", "-", "--store", "memory"], ["check", model],
      ["inspect", model], ["profile", model],
    ]
    for command in commands {
      let refused = try OnlearnProcess.run(command + ["--batch", batch])
      #expect(refused.status == 64, "\(command): \(refused.errors)")
      #expect(refused.errors.contains("--batch must be between 1 and 16777216."), "\(command): \(refused.errors)")
    }
  }

  @Test(arguments: [
    ("--steps", "The value '-1' is invalid"), ("--save-every", "must not be negative"),
    ("--learning-rate", "not below zero"),
  ])
  func `say why a number below zero is refused`(_ option: String, _ reason: String) throws {
    let refused = try train("--data", "csv:\(workplace.csv)", option, "-1")
    #expect(refused.status == 64 && refused.errors.contains(reason), "\(refused.errors)")
  }

  @Test func `refuse a label that is no class, with its position`() throws {
    let path = workplace.folder + "/labels.csv"
    let row = (0..<20).map { "\($0)" }.joined(separator: ",")
    try "\(row),1\n\(row),5\n".write(toFile: path, atomically: true, encoding: .utf8)
    let refused = try train("--data", "csv:\(path)?order=file")
    #expect(refused.status == 65)
    #expect(refused.errors.contains("example 1"), "\(refused.errors)")
  }
}
