import Files
import Testing

@Suite struct `A file that one has` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.file("f.lock") }

  private func isFree() throws -> Bool { try FileLock.take(path) != nil }

  @Test func `is nobody else's until it is given up, and is gone then`() throws {
    do {
      let lock = try FileLock.take(path)
      let (canBeTaken, names) = (try isFree(), try folder.names)
      withExtendedLifetime(lock) {}
      #expect(!canBeTaken && names == ["f.lock"])
    }
    #expect(try folder.names.isEmpty)
    #expect(try isFree())
  }

  @Test func `is free if a killed process has left it`() throws {
    try folder.write("", to: "f.lock")
    #expect(try isFree())
    #expect(try folder.names.isEmpty)
  }

  @Test func `does not remove another one that has its name by now`() throws {
    do {
      let lock = try FileLock.take(path)
      try folder.move("f.lock", to: "old.lock")
      try folder.write("", to: "f.lock")
      withExtendedLifetime(lock) {}
    }
    #expect(try folder.names == ["f.lock", "old.lock"])
  }

  @Test func `needs a folder`() {
    let error = #expect(throws: FileError.self) { try FileLock.take(folder.file("none/f.lock")) }
    #expect(error?.operation == .create)
  }
}
