import FoundationEssentials

/// No file was found where the graph of a model could be.
public struct GraphNotFoundError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The model.
  public var modelName: String

  /// The places that were tried, in order.
  public var places: [String]

  /// What kind of fault this is.
  public var category: InputErrorCategory { .noInput }

  public var description: String {
    if places.count == 1 { return "no graph at \(places[0])" }
    let advice = "put it beside its configuration, or where a command has --graph, name it there"
    return (["no graph for the model '\(modelName)'; \(advice). These places were tried:"] + places)
      .joined(separator: "\n  ")
  }
}

extension ModelConfig {
  /// The file that holds the model's graph.
  ///
  /// - Parameters:
  ///   - override: A path that stands for `pb_path`; nothing else is then tried.
  ///   - workingDirectory: Where relative paths start; by default where the process runs.
  public func resolveGraphPath(
    override: String? = nil, workingDirectory: String? = nil
  ) throws(GraphNotFoundError) -> String {
    let places = graphPlaces(override: override, workingDirectory: workingDirectory)
    for place in places where FileManager.default.fileExists(atPath: place) { return place }
    throw GraphNotFoundError(modelName: modelName, places: places)
  }

  /// Where the graph may be, in the order in which one looks: `pb_path` from the configuration's folder; also from the
  /// working directory and from the folders above, if it leads through folders, as the reference's exporter writes it;
  /// then `NAME.pb` beside the configuration, and `model_pb/NAME.pb` beside it or above it.
  package func graphPlaces(override: String? = nil, workingDirectory: String? = nil) -> [String] {
    let working = workingDirectory ?? FileManager.default.currentDirectoryPath
    if let override { return [Self.join(working, override)] }
    let folders = Self.folders(above: Self.join(working, path))
    var places: [String] = []
    if let graphPath {
      var starts = Array(folders.prefix(1))
      if graphPath.contains("/") { starts += [working] + folders.dropFirst() }
      places += starts.map { Self.join($0, graphPath) }
    }
    let name = modelName + ".pb"
    if let folder = folders.first { places.append(Self.join(folder, name)) }
    places += folders.map { Self.join($0, "model_pb/" + name) }
    var seen: Set<String> = []
    return places.filter { seen.insert($0).inserted }
  }

  /// `path`, from `folder` on unless it is absolute, without `.` and with each `..` that can be worked off.
  private static func join(_ folder: String, _ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : folder + "/" + path
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The folder that holds `file`, an absolute path, and those above it, innermost first.
  private static func folders(above file: String) -> [String] {
    var parts = file.split(separator: "/")
    var folders: [String] = []
    while parts.popLast() != nil { folders.append("/" + parts.joined(separator: "/")) }
    return folders
  }
}
