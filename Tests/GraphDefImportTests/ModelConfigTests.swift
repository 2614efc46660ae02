import Foundation
import GraphDefImport
import Testing

@Suite struct `A model's configuration` {
  /// A configuration with the members of `other` in `changes` replaced, or removed where they are empty.
  static func json(_ changes: [String: String] = [:], shapes: String? = nil) -> [UInt8] {
    var members = [
      "dense": #"["w1", "b1"]"#, "gradient": #"["d-w1", "d-b1"]"#, "batch_size": "1024",
      "input_size": "[1024, 784]", "output_size": "[1024, 1]", "class_num": "10",
      "observe": #"["loss", "accuracy"]"#, "model_name": #""mlp""#, "learning_rate": "0.05",
      "pb_path": #""../model/model_pb/mlp.pb""#,
    ]
    members.merge(changes) { $1 }
    let other = members.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
      .map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
    let shapes = shapes ?? #"{"w1": [784, 10], "d-w1": [784, 10], "b1": [1, 10]}"#
    return Array("{\"other\": {\(other)}\(shapes.isEmpty ? "" : ", \"dense_shape\": \(shapes)")}".utf8)
  }

  @Test func `is read`() throws {
    let config = try ModelConfig(decoding: Self.json(["later": "[{}]"]))
    #expect(config.modelName == "mlp")
    #expect(config.dense == ["w1", "b1"])
    #expect(config.gradients == ["d-w1", "d-b1"])
    #expect(config.observe == ["loss", "accuracy"])
    #expect(config.batchSize == 1024)
    #expect(config.inputSize == [1024, 784])
    #expect(config.outputSize == [1024, 1])
    #expect(config.classCount == 10)
    #expect(config.learningRate == 0.05)
    #expect(config.graphPath == "../model/model_pb/mlp.pb")
    #expect(config.denseShapes == ["w1": [784, 10], "b1": [1, 10]])
    let byHand = ModelConfig(
      modelName: "mlp", dense: ["w1", "b1"], observe: ["loss", "accuracy"], batchSize: 1024, inputSize: [1024, 784],
      outputSize: [1024, 1], classCount: 10, learningRate: 0.05, graphPath: "../model/model_pb/mlp.pb",
      denseShapes: ["w1": [784, 10], "b1": [1, 10]])
    #expect(config == byHand)
  }

  @Test func `may leave out what is optional`() throws {
    let changes = ["class_num": "", "learning_rate": "null", "pb_path": "", "batch_size": "1e3"]
    let config = try ModelConfig(decoding: Self.json(changes, shapes: ""))
    #expect(config.classCount == nil)
    #expect(config.learningRate == nil)
    #expect(config.graphPath == nil)
    #expect(config.denseShapes == nil)
    #expect(config.batchSize == 1000)
    let scalar = try ModelConfig(decoding: Self.json(shapes: #"{"w1": [], "b1": [3]}"#))
    #expect(scalar.denseShapes == ["w1": [], "b1": [3]])
  }

  @Test(arguments: [
    ("batch_size", "", "other.batch_size: found nothing, expected the number of examples in a batch"),
    ("batch_size", "0", "other.batch_size: found the number 0, expected an integer in 1...16777216"),
    ("batch_size", "-1", "other.batch_size: found the number -1, expected an integer in 1...16777216"),
    ("batch_size", "1.5", "other.batch_size: found the number 1.5, expected an integer in 1...16777216"),
    ("batch_size", "true", "other.batch_size: found true, expected an integer in 1...16777216"),
    ("batch_size", "\"7\"", "other.batch_size: found the string \"7\", expected an integer in 1...16777216"),
    ("batch_size", "1e99", "other.batch_size: found the number 1e99, expected an integer in 1...16777216"),
    ("input_size", "1024", "other.input_size: found the number 1024, expected an array of positive integers"),
    ("input_size", "[]", "other.input_size: found an empty array, expected at least one dimension"),
    ("input_size", "[4, -1]", "other.input_size[1]: found the number -1, expected an integer in 1...17179869184"),
    (
      "input_size", "[1000000, 1000000]",
      "other.input_size: found a shape of more, expected a shape of at most 17179869184 elements"
    ),
    ("class_num", "0", "other.class_num: found the number 0, expected an integer in 1...16777216"),
    ("dense", "[]", "other.dense: found an empty array, expected at least one parameter"),
    ("dense", "\"w1\"", "other.dense: found the string \"w1\", expected an array of strings"),
    ("dense", "[\"w1\", 2]", "other.dense[1]: found the number 2, expected a string that is not empty"),
    (
      "dense", "[\"w1\", \"w1\"]",
      "other.dense[1]: found the string \"w1\", expected a name other than that of other.dense[0]"
    ),
    ("gradient", "[\"d-w1\"]", "other.gradient: found an array of 1, expected as many names as other.dense has, 2"),
    (
      "gradient", "[\"d-w1\", \"d-w2\"]",
      "other.gradient[1]: found the string \"d-w2\", expected \"d-b1\", the gradient of other.dense's \"b1\""
    ),
    ("learning_rate", "0", "other.learning_rate: found the number 0, expected a finite number above 0"),
    ("learning_rate", "NaN", "other.learning_rate: found the number NaN, expected a finite number above 0"),
    ("learning_rate", "1e999", "other.learning_rate: found the number 1e999, expected a finite number above 0"),
    ("model_name", "\"\"", "other.model_name: found the string \"\", expected a string that is not empty"),
    ("model_name", "\"a/b\"", "other.model_name: found the string \"a/b\", expected a name without '/'"),
    ("pb_path", "{}", "other.pb_path: found an object, expected a string that is not empty"),
    ("observe", "", "other.observe: found nothing, expected the names of the observed nodes"),
  ])
  func `is refused with the key that is wrong`(_ key: String, _ value: String, _ description: String) {
    let error = #expect(throws: ModelConfigError.self) { try ModelConfig(decoding: Self.json([key: value])) }
    #expect(error?.description == description)
    #expect(error?.category == .data)
  }

  @Test(arguments: [
    ("[]", "dense_shape: found an empty array, expected an object"),
    (#"{"w1": [2]}"#, "dense_shape.b1: found nothing, expected the shape of the parameter \"b1\""),
    (
      #"{"w1": [2], "b1": [3], "d-b1": [4]}"#, "dense_shape.d-b1: found [4], expected [3], the shape of \"b1\""
    ),
    (#"{"w1": [0], "b1": [3]}"#, "dense_shape.w1[0]: found the number 0, expected an integer in 1...17179869184"),
  ])
  func `is refused with the shape that is wrong`(_ shapes: String, _ description: String) {
    let error = #expect(throws: ModelConfigError.self) { try ModelConfig(decoding: Self.json(shapes: shapes)) }
    #expect(error?.description == description)
  }

  @Test(arguments: [
    ("", "found an empty file, expected a value (JSON)"),
    ("[]", "found an empty array, expected an object"),
    ("{}", "other: found nothing, expected an object with the model's settings"),
    ("{\"other\": {\n\"a\": 1,\n}", "found '}' in line 3, column 1, expected a key in double quotes (JSON)"),
    ("{\"a\": 1, \"a\": 2}", "found the key \"a\" again in line 1, column 10, expected each key once (JSON)"),
    ("{'a': 1}", "found ''' in line 1, column 2, expected a key in double quotes (JSON)"),
    ("{\"a\": 01}", "found '01' in line 1, column 7, expected a value (JSON)"),
    ("{\"a\" 1}", "found '1' in line 1, column 6, expected ':' after the key \"a\" (JSON)"),
    ("[1 2]", "found '2' in line 1, column 4, expected ',' or ']' (JSON)"),
    ("{} x", "found 'x' in line 1, column 4, expected the end of the file (JSON)"),
    ("[1,]", "found ']' in line 1, column 4, expected a value (JSON)"),
    ("[1.]", "found '1.' in line 1, column 2, expected a value (JSON)"),
    ("[\u{B}1]", "found byte 11 in line 1, column 2, expected a value (JSON)"),
    ("[\"a\tb\"]", "found byte 9 in line 1, column 4, expected no control character in a string (JSON)"),
    ("\"\\udc00\"", "found half a surrogate pair in line 1, column 4, expected both halves (JSON)"),
    ("\"abc", "found a string without an end in line 1, column 1, expected '\"' (JSON)"),
    ("\"\\x\"", "found 'x' in line 1, column 3, expected one of \" \\ / b f n r t u after a backslash (JSON)"),
    ("\"\\ud800\"", "found half a surrogate pair in line 1, column 4, expected both halves (JSON)"),
    ("\"\\u12\"", "found '1' in line 1, column 4, expected four hexadecimal digits (JSON)"),
    (
      "\"\\",
      "found the end of the file in line 1, column 3, expected one of \" \\ / b f n r t u after a backslash (JSON)"
    ),
  ])
  func `is refused where it is not JSON`(_ text: String, _ description: String) {
    let error = #expect(throws: ModelConfigError.self) { try ModelConfig(decoding: Array(text.utf8)) }
    #expect(error?.description == (description.hasPrefix("found") ? "configuration: " : "") + description)
  }

  @Test func `is refused where a string is not UTF-8`() {
    let bytes: [UInt8] = Array("{\"a\": \"".utf8) + [0xC0, 0xAF] + Array("\"}".utf8)
    let error = #expect(throws: ModelConfigError.self) { try ModelConfig(decoding: bytes) }
    #expect(
      error?.description
        == "configuration: found a string that is not UTF-8 in line 1, column 7, expected UTF-8 (JSON)")
  }

  @Test func `may not nest without end`() {
    let text = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: ModelConfigError.self) { try ModelConfig(decoding: text) }
  }

  @Test func `is JSON in all its spellings`() throws {
    let text =
      "\u{FEFF} {\"a\\u00e9\\ud83d\\ude00\\n\\/\": [null, true, false, -0.5e-3, \"é\"], \"b\": {}, \"c\": [ ]}\n"
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(
      value
        == .object([
          .init(key: "aé😀\n/", value: .array([.null, .bool(true), .bool(false), .number("-0.5e-3"), .string("é")])),
          .init(key: "b", value: .object([])), .init(key: "c", value: .array([])),
        ]))
  }

  @Test func `never traps, whatever is left of it`() {
    let bytes = Self.json()
    for count in 0..<bytes.count { _ = try? ModelConfig(decoding: Array(bytes.prefix(count))) }
    var random = SplitMix64(seed: 2)
    for _ in 0..<5_000 {
      var bytes = bytes
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
      bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
      _ = try? ModelConfig(decoding: bytes)
    }
  }

  @Test func `leads to the graph from where it lies and from where one works`() throws {
    try withTemporaryFolder { root in
      let folder = root.hasSuffix("/") ? String(root.dropLast()) : root
      try write(Self.json(), to: folder + "/a/model_conf/mlp.json")
      let config = try ModelConfig(contentsOf: folder + "/a/model_conf/mlp.json")
      let error = #expect(throws: GraphNotFoundError.self) {
        try config.resolveGraphPath(workingDirectory: folder + "/w/d")
      }
      #expect(error?.category == .noInput)
      let places = error?.places ?? []
      #expect(
        Array(places.prefix(4))
          == [
            "/a/model/model_pb/mlp.pb", "/w/model/model_pb/mlp.pb", "/model/model_pb/mlp.pb",
            "/../model/model_pb/mlp.pb",
          ].map { $0.hasPrefix("/..") ? Self.parent(of: folder) + $0.dropFirst(3) : folder + $0 })
      #expect(error?.description.contains("\n  \(folder)/a/model_pb/mlp.pb") == true)
      // From the last place to the first, each one found wins over those found so far.
      let own = places.filter { $0.hasPrefix(folder + "/") }
      #expect(own.count == 7)
      for place in own.reversed() {
        try write([1], to: place)
        #expect(try config.resolveGraphPath(workingDirectory: folder + "/w/d") == place)
      }
    }
  }

  @Test func `leads to a graph beside it alone, if it gives only the name of a file`() throws {
    let config = try ModelConfig(decoding: Self.json(["pb_path": "\"net.pb\""]), path: "/a/b/mlp.json")
    let error = #expect(throws: GraphNotFoundError.self) { try config.resolveGraphPath(workingDirectory: "/w") }
    #expect(
      error?.places
        == ["/a/b/net.pb", "/a/b/mlp.pb", "/a/b/model_pb/mlp.pb", "/a/model_pb/mlp.pb", "/model_pb/mlp.pb"])
  }

  private static func parent(of path: String) -> String {
    String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
  }

  @Test func `gives way to a graph named by hand`() throws {
    let config = try ModelConfig(decoding: Self.json(), path: "/conf/mlp.json")
    let path = Fixture.path("network.pb")
    #expect(try config.resolveGraphPath(override: path) == path)
    let error = #expect(throws: GraphNotFoundError.self) {
      try config.resolveGraphPath(override: "none.pb", workingDirectory: "/w")
    }
    #expect(error?.description == "no graph at /w/none.pb")
  }

  @Test func `is missing, or is a folder`() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: ModelConfigError.self) { try ModelConfig(contentsOf: folder + "/none.json") }
      #expect(error?.category == .noInput)
      #expect(
        error?.description == "\(folder)/none.json: found no such file, expected a model's configuration, a JSON file")
      #expect(throws: ModelConfigError.self) { try ModelConfig(contentsOf: folder) }
    }
  }
}
