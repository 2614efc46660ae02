import Kernels
import Parameters
import Testing

@Suite struct `A safetensors header` {
  private func decode(_ text: String) throws -> SafetensorsHeader {
    try SafetensorsHeader(decoding: Array(text.utf8))
  }

  private let two = #"""
    {"__metadata__": {"k\"\u00e9": "v\\\n\ud83d\ude00"}, "b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},
    "a" : {"shape":[2,3], "data_offsets":[0,24], "dtype":"F32"} }
    """#

  @Test func `is read in the order of the bytes`() throws {
    let header = try decode(two)
    #expect(header.entries.map(\.name) == ["a", "b"])
    #expect(header.entry(named: "a") == .init(name: "a", type: .f32, shape: [2, 3], offset: 0))
    #expect(header.entry(named: "b")?.count == 1)
    #expect(header.metadata("k\"é") == "v\\\n😀")
    #expect(header.dataByteCount == 32)
    #expect(try decode("{}").entries.isEmpty)
  }

  @Test func `is written as it is read`() throws {
    let header = SafetensorsHeader(
      [("w\"1\\", .f32, [2, 3]), ("empty", .f64, [0, 5]), ("ü", .i32, [])], metadata: [("a\n\u{1}", "ß\t"), ("b", "")])
    let encoded = header.encoded
    #expect(encoded.count % 8 == 0)
    #expect(Int(encoded[0]) + Int(encoded[1]) << 8 == encoded.count - 8)
    #expect(try SafetensorsHeader(decoding: Array(encoded.dropFirst(8))) == header)
  }

  @Test(arguments: [
    ("[]", "expected '{'"), ("{", "expected a string"), ("{} x", "the end of the header"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#, "expected a string"),
    (#"{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, "type 'F33'"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "8 bytes do not fit"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "begins at 4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "begins at 4"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "not negative"),
    (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, "not negative"),
    (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, "',' or ']'"),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, "below 2^63"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, "do not fit"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, "at most 2"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "two data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, "two data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#, "each once"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, "each once"),
    (#"{"__metadata__":{"a":1}}"#, "a string"), (#"{"__metadata__":{"a":"1","a":"2"}}"#, "'a' twice"),
    (#"{"__metadata__":{},"__metadata__":{}}"#, "twice"),
    (#"{"a\ud800":{}}"#, "surrogate"), (#"{"a\udc00\ud800":{}}"#, "surrogate"), (#"{"a\x":{}}"#, "an escape"),
    ("{\"a\n\":{}}", "byte 3: expected no control character"),
    (#"{"a"#, "the end of a string"), (#"{"a\u12"#, "four hex digits"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "'a' twice"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
      "begins at 2, but the one before ends at 4"
    ),
  ])
  func `is refused with the reason`(_ text: String, _ reason: String) {
    let error = #expect(throws: SafetensorsError.self) { try decode(text) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func `is refused where a name is not UTF-8`() {
    let bytes: [UInt8] = Array("{\"".utf8) + [0xC0, 0xAF] + Array("\":{}}".utf8)
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsHeader(decoding: bytes) }
    #expect(error == SafetensorsError.malformedHeader(byte: 5, expected: "UTF-8 before here"))
  }

  @Test func `is compact`() {
    let header = SafetensorsHeader([("w", .f32, [2, 3]), ("b", .i64, [])], metadata: [("k", "v\"")])
    let text = String(decoding: header.encoded.dropFirst(8), as: UTF8.self)
    #expect(
      text.hasPrefix(
        #"{"__metadata__":{"k":"v\""},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
          + #""b":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}"#))
  }

  @Test func `never traps, whatever is cut off or changed`() {
    let bytes = Array(two.utf8)
    for count in 0..<bytes.count { _ = try? SafetensorsHeader(decoding: Array(bytes[..<count])) }
    var generator = SplitMix64(seed: 11)
    for _ in 0..<50_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: changed.indices, using: &generator)
        switch UInt8.random(in: 0..<3, using: &generator) {
        case 0: changed[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: changed.remove(at: place)
        default: changed.insert(changed[Int.random(in: changed.indices, using: &generator)], at: place)
        }
      }
      if let header = try? SafetensorsHeader(decoding: changed) {
        #expect((try? SafetensorsHeader(decoding: Array(header.encoded.dropFirst(8)))) == header)
      }
    }
  }
}

@Suite struct `A safetensors file` {
  @Test func `that becomes shorter after it was opened says by how much`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("short")
    let bytes = SafetensorsHeader([("w", .f32, [2]), ("v", .f32, [2])]).encoded + [UInt8](repeating: 0, count: 16)
    TemporaryFolder.write(bytes, to: path)
    let file = try SafetensorsFile(path)
    let stored = try StoredFile(
      [ParameterSpec(name: "w", shape: [2]), ParameterSpec(name: "v", shape: [2])], path: path,
      origin: .init(model: "m", graphSHA256: ""))
    TemporaryFolder.write(Array(bytes.dropLast(3)), to: path)
    #expect(try file.read("w", as: Float.self) == [0, 0])
    let error = try #require(throws: SafetensorsError.self) { try file.read("v", as: Float.self) }
    #expect(error == .wrongLength(expected: 16, found: 13))
    #expect(error.description == "its tensors need 16 bytes, but 13 follow the header")
    #expect(throws: StoreError.damaged(path: stored.path, problem: "\(error)")) { try stored.read("v") }
  }
}
