import Files
import Glibc

/// Why the bytes of a file cannot be had.
struct FileReadError: Error, Hashable, Sendable {
  /// What was found instead of a file's bytes.
  var found: String

  /// What kind of fault this is.
  var category: InputErrorCategory

  /// Whether a folder was found.
  var isDirectory = false
}

/// Reads whole files, of which nothing is known but the name.
enum FileContents {
  /// The bytes of the file at `path`, of which there are at most `byteLimit`.
  ///
  /// Pipes are read to their end; a file without an end is given up at the limit.
  static func read(_ path: String, byteLimit: Int) throws(FileReadError) -> [UInt8] {
    let file: ReadableFile
    do throws(FileError) { file = try ReadableFile(path) } catch {
      throw FileReadError(found: reason(error.code), category: error.operation == .open ? .noInput : .io)
    }
    guard file.kind != .folder else {
      throw FileReadError(found: "a folder", category: .data, isDirectory: true)
    }
    let contents: [UInt8]?
    do throws(FileError) { contents = try file.contents(upTo: byteLimit) } catch {
      throw FileReadError(found: reason(error.code), category: .io)
    }
    guard let bytes = contents else {
      throw FileReadError(found: "a file of more than \(byteLimit) bytes", category: .data)
    }
    return bytes
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "no such file"
    case EACCES, EPERM: "a file that may not be read"
    default: "an error of the system: " + systemMessage(code)
    }
  }
}
