import Files
import Glibc
import GraphDefImport
import Parameters

/// The files that fetches are written to: `NAME.npy` in one folder.
public struct FetchFiles: Sendable {
  /// The folder.
  public let folder: String
  /// The file of each fetch.
  public let paths: [String]

  /// The files of `fetches` in `folder`, which is made if it is missing.
  ///
  /// - Throws: ``SessionError/sameFile(fetches:file:)``, or ``DataError`` if the folder cannot be made or written to.
  public init(_ fetches: [String], in folder: String) throws {
    self.folder = folder
    var taken: [String: String] = [:]
    for fetch in fetches {
      let name = Self.name(of: fetch)
      if let other = taken.updateValue(fetch, forKey: name) {
        throw SessionError.sameFile(fetches: [other, fetch], file: name)
      }
    }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    paths = fetches.map { prefix + Self.name(of: $0) }
    try Self.makeFolder(folder)
  }

  /// The name of the file that `fetch` is written to.
  static func name(of fetch: String) -> String {
    let tensor = (InputReference(parsing: fetch) ?? InputReference(fetch)).description
    return String(tensor.map { $0 == "/" ? "_" : $0 }) + ".npy"
  }

  /// Writes `arrays`, one for each fetch.
  public func write(_ arrays: [NpyArray]) throws(DataError) {
    precondition(arrays.count == paths.count, "\(arrays.count) arrays for \(paths.count) files")
    for (path, array) in zip(paths, arrays) { try NpyFile.write(array, to: path) }
  }

  private static func makeFolder(_ path: String) throws(DataError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      made += component
      // Safety: the string is valid for the call.
      if unsafe mkdir(made, 0o777) != 0, errno != EEXIST {
        throw errno == ENOSPC
          ? DataError(path, .inputOutput("making the folder failed: \(systemMessage(errno))"))
          : DataError(path, .cannotCreate(systemMessage(errno)))
      }
      made += "/"
    }
    guard SystemFiles.kind(path) != .file else {
      throw DataError(path, .cannotCreate("there is a file, and no folder"))
    }
    // Safety: the string is valid for the call.
    guard unsafe access(path, W_OK | X_OK) == 0 else { throw DataError(path, .cannotCreate(systemMessage(errno))) }
  }
}
