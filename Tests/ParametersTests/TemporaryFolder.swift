import Foundation

/// A folder that is gone with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array(FileManager.default.temporaryDirectory.appending(path: "parameters-XXXXXX").path.utf8CString)
    let path: String? = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe mkdtemp(buffer.baseAddress!).map { unsafe String(cString: $0) }
    }
    guard let path else { throw POSIXFailure(code: errno) }
    self.path = path
  }

  struct POSIXFailure: Error { let code: Int32 }

  func file(_ name: String) -> String { path + "/" + name }

  /// The names in the folder.
  var names: [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { _ = unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func bytes(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { return [] }
    defer { _ = unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
      let byte = unsafe getc(file)
      if byte == EOF { return bytes }
      bytes.append(UInt8(truncatingIfNeeded: byte))
    }
  }

  static func write(_ bytes: [UInt8], to path: String) {
    guard let file = unsafe fopen(path, "wb") else { return }
    _ = unsafe fwrite(bytes, 1, bytes.count, file)
    _ = unsafe fclose(file)
  }

  /// Lets those use the file at `path` whom the bits of `permissions` name.
  static func setPermissions(_ permissions: UInt32, of path: String) { unsafe chmod(path, permissions) }

  deinit {
    for name in names { unsafe unlink(file(name)) }
    unsafe rmdir(path)
  }
}
