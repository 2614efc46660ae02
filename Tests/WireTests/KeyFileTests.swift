import Foundation
import Testing
import Wire

@Suite struct `A file of keys` {
  private static let secret = String(repeating: "0b", count: 32)
  private static let text = """
    # Who may do what.
    k1 worker \(secret)

      ops\tadmin  \(String(repeating: "0C", count: 40))
    # k0 reader 00
    """

  /// A file with these contents and this mode, as long as `body` runs.
  private func withFile<Result>(
    _ contents: String, mode: Int, _ body: (_ path: String) throws -> Result
  ) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-keys-\(UUID().uuidString)").path
    #expect(
      FileManager.default.createFile(
        atPath: path, contents: Data(contents.utf8), attributes: [.posixPermissions: mode]))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  private static func reason(_ text: String) -> KeyFileError.Reason? {
    do throws(KeyFileError) {
      _ = try KeyFile.parse(text, path: "keys")
      return nil
    } catch { return error.reason }
  }

  @Test func `names keys, what they allow, and their secrets`() throws {
    let keys = try KeyFile.parse(Self.text, path: "keys")
    #expect(keys.map(\.id) == ["k1", "ops"] && keys.map(\.role) == [.worker, .admin])
    let hello = Hello.test().payload
    #expect(
      keys[0].proof(of: .client, hello: hello, challenge: hello)
        == ServerScript.key.proof(of: .client, hello: hello, challenge: hello))
  }

  @Test func `may have been written on Windows`() throws {
    let text = "k1 worker \(Self.secret)\r\n# nothing\r\nk2 admin \(Self.secret)\r\n"
    #expect(try KeyFile.parse(text, path: "keys").map(\.id) == ["k1", "k2"])
    #expect(Self.reason("k1 worker \(Self.secret)\r\nk2 admin") == .line(2, .words(2)))
  }

  @Test func `is read if only its owner can`() throws {
    for mode in [0o600, 0o400] {
      #expect(try withFile(Self.text, mode: mode) { try KeyFile.read($0) }.count == 2)
    }
    for mode in [0o640, 0o604, 0o620, 0o644, 0o666] {
      _ = try withFile(Self.text, mode: mode) { path in
        #expect(throws: KeyFileError(path: path, reason: .open(mode: mode))) { try KeyFile.read(path) }
      }
    }
  }

  @Test func `behind a link is judged by its own mode`() throws {
    try withFile(Self.text, mode: 0o644) { path in
      try FileManager.default.createSymbolicLink(atPath: path + ".link", withDestinationPath: path)
      defer { try? FileManager.default.removeItem(atPath: path + ".link") }
      #expect(throws: KeyFileError(path: path + ".link", reason: .open(mode: 0o644))) {
        try KeyFile.read(path + ".link")
      }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      #expect(try KeyFile.read(path + ".link").count == 2)
    }
  }

  @Test func `that is missing, a folder or far too large is refused`() throws {
    #expect(throws: KeyFileError.self) { try KeyFile.read("/no/such/file") }
    #expect(throws: KeyFileError.self) { try KeyFile.read(FileManager.default.temporaryDirectory.path) }
    let long = String(repeating: "# \n", count: 400_000)
    _ = try withFile(long, mode: 0o600) { path in
      #expect(throws: KeyFileError(path: path, reason: .tooLarge(1 << 20))) { try KeyFile.read(path) }
    }
  }

  @Test func `with a wrong line is refused, and the line is named`() {
    #expect(Self.reason("") == .empty)
    #expect(Self.reason("# nothing\n\n") == .empty)
    #expect(Self.reason("k1 worker") == .line(1, .words(2)))
    #expect(Self.reason("\nk1 worker \(Self.secret) now") == .line(2, .words(4)))
    #expect(Self.reason("a,b worker \(Self.secret)") == .line(1, .name))
    #expect(Self.reason("12345678901234567 worker \(Self.secret)") == .line(1, .name))
    #expect(Self.reason("k1 boss \(Self.secret)") == .line(1, .role))
    #expect(Self.reason("k1 worker \(Self.secret)0") == .line(1, .digits))
    #expect(Self.reason("k1 worker \(Self.secret)0x") == .line(1, .digits))
    #expect(Self.reason("k1 worker \(Self.secret.dropLast(2))") == .line(1, .short(31)))
    #expect(Self.reason("k1 worker \(Self.secret)\nk1 admin \(Self.secret)") == .line(2, .repeated("k1")))
  }

  @Test func `never shows a secret in an error`() {
    let texts = ["k1 boss \(Self.secret)", "k1 worker \(Self.secret) x", "k1 \(Self.secret) worker"]
    for text in texts {
      #expect(throws: KeyFileError.self) { try KeyFile.parse(text, path: "keys") }
      do throws(KeyFileError) { _ = try KeyFile.parse(text, path: "keys") } catch {
        #expect(!"\(error)".contains("0b0b") && "\(error)".hasPrefix("keys:1: "))
      }
    }
  }
}
