import FoundationEssentials

/// A folder of its own for one test, removed at the end.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes `bytes` to a file and returns its path.
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// The bytes of a gzip file that holds `bytes` uncompressed, which is enough to test the way through zlib.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var crc = UInt32.max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  var result: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
  var start = 0
  repeat {
    let count = min(bytes.count - start, 65_535)
    let length = UInt16(count)
    result += [start + count == bytes.count ? 1 : 0, UInt8(length & 0xff), UInt8(length >> 8)]
    result += [UInt8(~length & 0xff), UInt8(~length >> 8)]
    result += bytes[start..<start + count]
    start += count
  } while start < bytes.count
  return result + little(~crc) + little(UInt32(bytes.count))
}

/// The bytes of an IDX file of unsigned bytes.
func idx(shape: [Int], _ values: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(shape.count)] + shape.flatMap { extent in (0..<4).map { UInt8(extent >> (24 - 8 * $0) & 0xff) } }
    + values
}
