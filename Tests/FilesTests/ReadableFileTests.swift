import Files
import Kernels
import Testing

@Suite struct `What is open to be read` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `is read to its end, unless that is too far`() throws {
    try folder.write("12345", to: "f")
    let path = folder.file("f")
    #expect(try ReadableFile(path).contents(upTo: 5) == Array("12345".utf8))
    #expect(try ReadableFile(path).contents(upTo: 4) == nil)
    #expect(try ReadableFile("/dev/null").contents(upTo: 0)?.isEmpty == true)
    #expect(try ReadableFile("/dev/zero").contents(upTo: 1 << 17) == nil)
  }

  @Test func `says what it is`() throws {
    try folder.write("12345", to: "f")
    #expect(try ReadableFile(folder.file("f")).kind == .regular(byteCount: 5))
    #expect(try ReadableFile(folder.path).kind == .folder)
    #expect(try ReadableFile("/dev/null").kind == .other)
    let missing = #expect(throws: FileError.self) { try ReadableFile(folder.file("none")) }
    #expect(missing?.description == "'\(folder.path)/none' cannot be opened: No such file or directory")
  }

  @Test func `is a file if any part of it is to be read`() throws {
    try folder.write("12345", to: "f")
    let file = try RandomAccessFile(folder.file("f"))
    var bytes = [UInt8](repeating: 0, count: 3)
    let (middle, end) = try bytes.withMemoryView { view in
      (try file.read(at: 1, into: view), try file.read(at: 3, into: view))
    }
    #expect(file.byteCount == 5 && middle == 3 && end == 2)
    #expect(bytes == Array("454".utf8))
    let isFolder = #expect(throws: FileError.self) { try RandomAccessFile(folder.path) }
    #expect(isFolder?.reason == "Is a directory")
    #expect(throws: FileError.self) { try RandomAccessFile("/dev/null") }
  }
}
