import Files
import Foundation
import GraphDefImport
import TestSupport
import Testing

@Suite struct `A file that should be a graph` {
  private static func error(_ bytes: [UInt8], path: String = "graph.pb") -> GraphFileError? {
    #expect(throws: GraphFileError.self) { try GraphFile(decoding: bytes, path: path) }
  }

  @Test(arguments: [
    ("saved_model.pb", GraphFileKind.savedModel), ("meta_graph.meta", .metaGraph), ("network.pbtxt", .textGraph),
    ("model.ckpt.index", .checkpointIndex),
  ])
  func `is recognised as what it is`(_ name: String, _ kind: GraphFileKind) throws {
    let error = #expect(throws: GraphFileError.self) { try GraphFile.read(Fixture.path(name)) }
    #expect(error?.reason == .otherFile(kind))
    #expect(error?.category == .data)
  }

  @Test(arguments: [
    ("{\"other\": {}}", GraphFileKind.json), ("\n[1]            ", .json), ("# a graph\nnode {\n}", .textGraph),
    ("versions { producer: 134 }", .textGraph), ("import tensorflow as tf\n", .text), ("node", .text),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:", .gitLFSPointer),
    ("model_checkpoint_path: \"model\"", .checkpointState), ("PK\u{3}\u{4}more", .zip),
  ])
  func `is recognised by its first characters`(_ text: String, _ kind: GraphFileKind) {
    #expect(Self.error(Array(text.utf8))?.reason == .otherFile(kind))
  }

  @Test func `is recognised by its first bytes`() {
    #expect(Self.error([0x1F, 0x8B, 0x08, 0x00])?.reason == .otherFile(.gzip))
    #expect(Self.error([0x89] + Array("HDF\r\n\u{1A}\n".utf8))?.reason == .otherFile(.hdf5))
    #expect(Self.error([0x93] + Array("NUMPY".utf8))?.reason == .otherFile(.numpy))
    #expect(Self.error([0x1C, 0, 0, 0] + Array("TFL3".utf8))?.reason == .otherFile(.liteModel))
    #expect(Self.error([7, 7, 7], path: "a/model.ckpt.data-00000-of-00001")?.reason == .otherFile(.checkpointData))
    var onnx = ProtobufEncoder()
    onnx.varint(1, 8)
    onnx.string(2, "pytorch")
    onnx.string(7, "graph")
    #expect(Self.error(onnx.bytes)?.reason == .otherFile(.onnx))
  }

  @Test func `is named empty, cut short or damaged`() throws {
    #expect(Self.error([])?.reason == .empty)
    let bytes = try Fixture.bytes("network.pb")
    let short = Self.error(Array(bytes.prefix(5000)))
    #expect(short?.description.contains("cut short after 5000 bytes") == true)
    var damaged = bytes
    damaged[10] ^= 0x80
    guard case .malformed? = Self.error(damaged)?.reason else {
      Issue.record("\(String(describing: Self.error(damaged)))")
      return
    }
    var versions = ProtobufEncoder()
    versions.message(4) { $0.varint(1, 134) }
    #expect(Self.error(versions.bytes)?.description.contains("0 nodes") == true)
  }

  @Test func `is read if it is one`() throws {
    let file = try GraphFile.read(Fixture.path("network.pb"))
    #expect(file.bytes == (try Fixture.bytes("network.pb")))
    #expect(file.graph.nodes.contains { $0.name == "train_step" })
    var builder = GraphDefBuilder()
    builder.add("only", op: "NoOp")
    #expect(try GraphFile(decoding: builder.encoded(), path: "").graph.nodes.map(\.name) == ["only"])
  }

  @Test func `is missing, or is a folder`() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: GraphFileError.self) { try GraphFile.read(folder + "/none.pb") }
      #expect(missing?.category == .noInput)
      #expect(missing?.category.exitStatus == .noInput)
      #expect(
        missing?.description
          == "\(folder)/none.pb: found no such file, expected an exported graph (a GraphDef .pb file)")
      let below = #expect(throws: GraphFileError.self) { try GraphFile.read(Fixture.path("network.pb") + "/x") }
      #expect(below?.category == .noInput)
      let folders: [(String, GraphFileKind)] = [
        ("saved_model.pb", .savedModelFolder), ("checkpoint", .checkpointFolder), ("other", .folder),
      ]
      for (name, kind) in folders {
        try write([1], to: "\(folder)/\(name)-folder/\(name)")
        let error = #expect(throws: GraphFileError.self) { try GraphFile.read("\(folder)/\(name)-folder") }
        #expect(error?.reason == .otherFile(kind))
        #expect(error?.category.exitStatus == .badData)
      }
    }
  }

  @Test func `is read to its end even if its size is not known`() throws {
    // A device says it has no bytes.
    let error = #expect(throws: GraphFileError.self) { try GraphFile.read("/dev/null") }
    #expect(error?.reason == .empty)
  }
}
