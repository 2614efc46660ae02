import Files
import Graph
import GraphDefImport
import Kernels
import Serve
import TestSupport
import Testing

@Suite struct `Feeds of a session` {
  private func run(
    _ feeds: [(name: String, array: NpyArray)], _ fetches: String..., options: Session.Options = Session.Options()
  ) throws -> [NpyArray] {
    try SessionFixture().session.run(feeds: feeds, fetches: fetches, options: options).arrays
  }

  @Test func `may leave out what the fetches do not need`() throws {
    let feeds = try SessionFixture.feeds().filter { $0.name != "input_y" }
    #expect(try isClose(run(feeds, "logits")[0], SessionFixture.array("logits")))
  }

  @Test func `tell the number of examples where nothing else of them is needed`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 2])
    graph.variable("w", [], initialValue: graph.constant("one", [1]))
    graph.add("ones", op: "OnesLike", ["input_x"])
    graph.add("products", op: "Mul", ["ones", "w/read"])
    graph.constant("axes", integers: [0, 1])
    graph.add("loss", op: "Sum", ["products", "axes"])
    let session = try Session(graph.graph, config: GraphDefBuilder.config(), pool: LanePool(lanes: 1))
    let feed = (name: "input_x", array: NpyArray(shape: [3, 2], values: .float32([0, 0, 0, 0, 0, 0])))
    let arrays = try session.run(feeds: [feed], fetches: ["ones", "loss", "d-w"]).arrays
    #expect(arrays.map(\.shape) == [[3, 2], [], []])
    #expect(arrays[1].floats == [6] && arrays[2].floats == [6])
    let flat = (name: "input_x", array: NpyArray(shape: [3], values: .float32([0, 0, 0])))
    #expect(throws: SessionError.self) { try session.run(feeds: [flat], fetches: ["ones"]) }
  }

  @Test func `fix a tensor inside the graph, and gradients stop there`() throws {
    let logits = try SessionFixture.array("logits")
    let labels = try SessionFixture.rows("y", 0..<32)
    let arrays = try run([("logits", logits), ("input_y", labels)], "loss", "d-w1", "d-b2")
    #expect(try isClose(arrays[0], SessionFixture.array("loss")))
    #expect(arrays[1] == NpyArray(shape: [20, 16], values: .float32(Array(repeating: 0, count: 320))))
    #expect(arrays[2] == NpyArray(shape: [1, 5], values: .float32(Array(repeating: 0, count: 5))))
  }

  @Test func `fix a tensor in every training step`() throws {
    var options = Session.Options()
    options.trainingSteps = 3
    let feeds = try SessionFixture.feeds() + [("logits", SessionFixture.array("logits"))]
    let result = try SessionFixture().session.run(feeds: feeds, fetches: ["w1", "loss"], options: options)
    #expect(Set(result.losses).count == 1)
    #expect(try result.arrays[0] == SessionFixture.array("w1"))
  }

  @Test func `are cast where no value changes`() throws {
    var feeds = try SessionFixture.feeds()
    let x = try #require(feeds[0].array.floats)
    let y = try #require(feeds[1].array.floats)
    feeds[0].array = NpyArray(shape: [32, 20], values: .float64(x.map { Double($0) }))
    feeds[1].array = NpyArray(shape: [32, 1], values: .uint8(y.map { UInt8($0) }))
    #expect(try isClose(run(feeds, "loss")[0], SessionFixture.array("loss")))
    feeds[0].array = NpyArray(shape: [32, 20], values: .float64(x.map { Double($0) + 1e-12 }))
    #expect { try run(feeds, "loss") } throws: { error in
      guard case .inexact("input_x", 0, _, .float32) = error as? SessionError else { return false }
      return "\(error)".contains("astype('float32')")
    }
  }

  @Test func `are refused where shapes, numbers of examples or values are wrong`() throws {
    func refusal(_ change: (inout [(name: String, array: NpyArray)]) throws -> Void) throws -> SessionError {
      var feeds = try SessionFixture.feeds()
      try change(&feeds)
      return try #require(throws: SessionError.self) { try run(feeds, "loss") }
    }
    func zeros(_ shape: Int...) -> NpyArray {
      NpyArray(shape: shape, values: .float32(Array(repeating: 0, count: shape.reduce(1, *))))
    }
    let notANumber = NpyArray(shape: [1, 16], values: .float32([.nan] + Array(repeating: 0, count: 15)))
    let cases: [(SessionError, Bool)] = [
      (try refusal { $0.removeFirst() }, true), (try refusal { $0[0].array = zeros(32, 21) }, false),
      (try refusal { $0[0].array = zeros(640) }, false), (try refusal { $0[0].array = zeros(0, 20) }, false),
      (try refusal { $0[1].array = zeros(31, 1) }, false), (try refusal { $0[2].array = zeros(16, 20) }, false),
      (try refusal { $0.append(("input_x:0", zeros(32, 20))) }, true),
      (try refusal { $0[3].array = notANumber }, false),
    ]
    for (error, isUsage) in cases { #expect(error.exitStatus == (isUsage ? .usage : .badData), "\(error)") }
  }

  @Test(arguments: ["nothing", "w3", "logits:7"]) func `and fetches name tensors of the graph`(_ name: String) throws {
    #expect(throws: GraphImportError.self) { try run(SessionFixture.feeds(), name) }
    guard name != "logits:7" else { return }
    let scalar = NpyArray(shape: [], values: .float32([0]))
    #expect(throws: GraphImportError.self) { try run(SessionFixture.feeds() + [(name, scalar)], "loss") }
  }
}

@Suite struct `Files of fetches` {
  @Test func `are named after them`() throws {
    let folder = try TemporaryFolder()
    let files = try FetchFiles(["a/b", "c:0", "d:1"], in: folder.path + "/new/folder")
    #expect(files.paths.map { $0.split(separator: "/").last } == ["a_b.npy", "c.npy", "d:1.npy"])
    let scalar = NpyArray(shape: [], values: .float32([1]))
    try files.write([scalar, scalar, scalar])
    #expect(try NpyFile.read(files.paths[0]) == scalar)
  }

  @Test(arguments: [["a/b", "a_b"], ["a", "a:0"], ["a", "a"]]) func `are not shared`(_ fetches: [String]) throws {
    let folder = try TemporaryFolder()
    #expect(throws: SessionError.self) { try FetchFiles(fetches, in: folder.path + "/out") }
    #expect(try folder.names.isEmpty)
  }

  @Test func `are refused in a folder that cannot be made`() {
    let error = #expect(throws: DataError.self) { try FetchFiles(["a"], in: "/proc/nowhere/out") }
    #expect(error?.exitStatus == .cannotCreate)
  }

  @Test func `are refused where there is a file instead of a folder`() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("", to: "out")
    let error = #expect(throws: DataError.self) { try FetchFiles(["a"], in: file) }
    #expect(error == DataError(file, .cannotCreate("there is a file, and no folder")))
  }
}
