import FoundationEssentials
import GraphDefImport
import Wire

/// A folder of exported models, found by name.
///
/// Either flat, `NAME.json` with `NAME.pb` beside it, or as the reference system lays it out, `model_conf/NAME.json` and
/// `model_pb/NAME.pb`.
public struct ModelFolder: Hashable, Sendable {
  /// The folder.
  public let path: String

  /// The models in the folder at `path`.
  ///
  /// - Throws: ``DataError`` if it is not there.
  public init(_ path: String) throws(DataError) {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
      throw DataError(path, .unreadable("no such folder", hint: "name the folder of the exported models with --models"))
    }
    self.path = path
  }

  /// Whether `name` can be a model's: 1 to 128 letters, digits, dots, hyphens and underscores, no dot at the start.
  public static func isName(_ name: String) -> Bool {
    name.isName(upTo: 128) && name.utf8.first != UInt8(ascii: ".")
  }

  /// The names of the models that are there now, in alphabetical order.
  public var names: [String] {
    let found = places.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }
    return Set(found.filter(Self.isName)).sorted()
  }

  /// The configuration of the model `name`, or `nil` if there is none.
  public func configPath(of name: String) -> String? {
    guard Self.isName(name) else { return nil }
    return places.map { "\($0)/\(name).json" }.first { FileManager.default.fileExists(atPath: $0) }
  }

  private var places: [String] { [path + "/model_conf", path] }
}
