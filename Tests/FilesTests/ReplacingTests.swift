import Files
import FoundationEssentials
import Kernels
import Testing

@Suite struct `A file that is replaced` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func append(_ text: String, to file: any FileWriter) throws {
    try Array(text.utf8).withReadOnlyView { bytes in try file.append(bytes) }
  }

  /// A file that is to become `f`, with all it is to have.
  private func begin(_ text: String) throws -> any FileReplacement {
    let file = try SystemFiles().createReplacement(ofFileAt: folder.file("f"), permissions: 0o600)
    try append(text, to: file)
    return file
  }

  private func end(_ file: any FileReplacement) throws {
    try file.sync()
    try file.close()
    try file.putInPlace()
  }

  @Test func `is whole, however many write it at the same time`() throws {
    let (one, two) = (try begin("one"), try begin("number two"))
    #expect(try folder.names == ["f.2.partial", "f.partial"])
    try end(two)
    #expect(try folder.read("f") == "number two")
    let three = try begin("three")
    try end(one)
    #expect(try folder.read("f") == "one")
    try end(three)
    #expect(try folder.read("f") == "three")
    #expect(try folder.names == ["f"])
  }

  @Test func `frees itself of what a killed process has left`() throws {
    try folder.write("a part of much", to: "f.partial")
    let file = try begin("new")
    #expect(try folder.names == ["f.partial"])
    try end(file)
    #expect(try folder.names == ["f"])
    #expect(try folder.read("f") == "new")
  }

  @Test func `leaves alone what has such a name and is no file`() throws {
    try FileManager.default.createDirectory(atPath: folder.file("f.partial"), withIntermediateDirectories: true)
    try end(try begin("new"))
    #expect(try folder.names == ["f", "f.partial"])
    #expect(try folder.read("f") == "new")
  }

  @Test func `stays as it is if something fails`() throws {
    struct Interrupted: Error {}
    try folder.write("old", to: "f")
    #expect(throws: Interrupted.self) {
      try SystemFiles().replace(folder.file("f"), permissions: 0o600) { file in
        try append("new", to: file)
        throw Interrupted()
      }
    }
    #expect(try folder.read("f") == "old")
    #expect(try folder.names == ["f"])
    let error = #expect(throws: FileError.self) {
      try SystemFiles().replace(folder.file("none/f"), permissions: 0o600) { _ in }
    }
    #expect(error?.operation == .create && error?.reason == "No such file or directory")
  }
}
