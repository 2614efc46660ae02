import Foundation
import Parameters
import Serve
import Testing

/// Archives that no well-meaning program writes.
@Suite struct `An npz archive` {
  /// A zip archive of one or more members, each as `edit` leaves its fields.
  private struct Builder {
    var name = "w.npy"
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var checksum: UInt32?
    var byteCount: UInt32?
    var compressed: [UInt8]?
    var copies = 1

    func bytes(_ content: [UInt8]) -> [UInt8] {
      let stored = compressed ?? content
      let fields =
        little(method, 2) + little(0 as UInt32, 4) + little(checksum ?? ZipArchive.checksum(content), 4)
        + little(UInt32(stored.count), 4) + little(byteCount ?? UInt32(content.count), 4)
        + little(UInt16(name.utf8.count), 2) + little(UInt16(0), 2)
      let local =
        Array("PK\u{3}\u{4}".utf8) + little(UInt16(20), 2) + little(flags, 2) + fields + Array(name.utf8) + stored
      let entry =
        Array("PK\u{1}\u{2}".utf8) + little(UInt16(20), 2) + little(UInt16(20), 2) + little(flags, 2) + fields
        + [UInt8](repeating: 0, count: 10) + little(UInt32(0), 4) + Array(name.utf8)
      let directory = (0..<copies).flatMap { _ in entry }
      return local + directory + Array("PK\u{5}\u{6}".utf8) + little(UInt32(0), 4) + little(UInt16(copies), 2)
        + little(UInt16(copies), 2) + little(UInt32(directory.count), 4) + little(UInt32(local.count), 4)
        + little(UInt16(0), 2)
    }

    private func little<Integer: FixedWidthInteger>(_ value: Integer, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> Integer(8 * $0)) }
    }
  }

  private static let tensor = StoredTensor(name: "w", shape: [2])

  private static func npy(_ descriptor: String, _ data: [UInt8]) -> [UInt8] {
    NpyHeader(descriptor: descriptor, shape: [2]).encoded + data
  }

  private static let ones = npy("<f4", [0, 0, 128, 63, 0, 0, 128, 63])

  /// Raw deflate of bytes that are not compressed: one stored block.
  private static func deflated(_ bytes: [UInt8], isLast: Bool = true) -> [UInt8] {
    let count = UInt16(bytes.count)
    return [isLast ? 1 : 0, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + bytes
  }

  private func read(_ bytes: [UInt8]) throws -> [Float] {
    let folder = try TemporaryFolder()
    return try NpzFile(folder.write(bytes, to: "a.npz")).read(Self.tensor)
  }

  private func refuses(_ bytes: [UInt8], with cause: String) {
    let error = #expect(throws: DataError.self) { try read(bytes) }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
  }

  @Test func `may be stored or deflated`() throws {
    #expect(try read(Builder().bytes(Self.ones)) == [1, 1])
    #expect(try read(Builder(method: 8, compressed: Self.deflated(Self.ones)).bytes(Self.ones)) == [1, 1])
    let doubles = Self.npy("<f8", [0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64])
    #expect(try read(Builder().bytes(doubles)) == [1, 2])
  }

  @Test func `may have a comment, but nothing else behind its directory`() throws {
    var bytes = Builder().bytes(Self.ones)
    bytes[bytes.count - 2] = 3
    #expect(try read(bytes + Array("PK\u{5}".utf8)) == [1, 1])
    refuses(bytes, with: "no directory")
    refuses(Builder().bytes(Self.ones) + [0], with: "no directory")
  }

  @Test func `takes no memory that its content does not need`() {
    let bomb = Builder(method: 8, byteCount: .max, compressed: Self.deflated(Self.ones))
    refuses(bomb.bytes(Self.ones), with: "4294967295 bytes) is larger than")
    // Says less than it is.
    let liar = Builder(method: 8, byteCount: UInt32(Self.ones.count - 4), compressed: Self.deflated(Self.ones))
    refuses(liar.bytes(Self.ones), with: "does not decompress")
    let endless = Builder(method: 8, compressed: Self.deflated(Self.ones, isLast: false))
    refuses(endless.bytes(Self.ones), with: "does not end")
    let longer = Builder(method: 8, compressed: Self.deflated(Self.ones) + [0])
    refuses(longer.bytes(Self.ones), with: "the content")
  }

  @Test func `that lies about its members is refused`() {
    refuses(Builder(method: 12).bytes(Self.ones), with: "method 12")
    refuses(Builder(flags: 1).bytes(Self.ones), with: "encrypted")
    refuses(Builder(checksum: 1).bytes(Self.ones), with: "checksum")
    refuses(Builder(byteCount: 3).bytes(Self.ones), with: "two sizes")
    refuses(Builder(copies: 2).bytes(Self.ones), with: "two members 'w.npy'")
    refuses(Builder(method: 8, compressed: [6, 1, 2]).bytes(Self.ones), with: "does not decompress")
  }

  @Test func `of other types or shapes is refused`() {
    refuses(Builder().bytes(Self.npy("|O", [])), with: "'|O'")
    refuses(Builder().bytes(Self.npy(">f4", [0, 0, 0, 0, 0, 0, 0, 0])), with: "big-endian")
    refuses(Builder().bytes(Self.npy("<i4", [255, 255, 255, 127, 0, 0, 0, 0])), with: "integers")
    refuses(Builder().bytes(NpyHeader(descriptor: "<f4", shape: [1]).encoded + [0, 0, 0, 0]), with: "expected [2]")
    refuses(Array("not an archive".utf8), with: "starts with 6e 6f 74 20")
    refuses([], with: "(a .npz file)")
  }
}
