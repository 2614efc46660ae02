import Foundation
import Testing

/// Rules of style that a program can check.
@Suite struct `The sources` {
  private struct Source {
    var path: String
    var lines: [Substring]
  }

  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let sources: [Source] = ["Sources", "Tests"].flatMap { folder -> [Source] in
    let root = package.appendingPathComponent(folder)
    let files =
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return files.filter { $0.pathExtension == "swift" }.sorted { $0.path < $1.path }.compactMap { file in
      guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
      let path = String(file.path.dropFirst(package.path.count + 1))
      return Source(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }

  @Test func `are found`() { #expect(Self.sources.count > 200) }

  @Test func `keep to one idea per file: at most 400 lines`() {
    for source in Self.sources { #expect(source.lines.count <= 400, "\(source.path)") }
  }

  @Test func `say why each use of unsafe memory holds`() {
    let isUse = { (line: Substring) in line.contains("unsafe ") && !line.contains("///") && !line.contains("\"") }
    for source in Self.sources where source.path.hasPrefix("Sources/") && source.lines.contains(where: isUse) {
      #expect(source.lines.contains { $0.contains("Safety:") }, "\(source.path)")
    }
  }

  @Test func `leave nothing to be done`() {
    let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "fatal" + "Error("]
    for source in Self.sources where source.path.hasPrefix("Sources/") {
      for (number, line) in source.lines.enumerated() {
        #expect(!marks.contains { line.contains($0) }, "\(source.path):\(number + 1)")
      }
    }
  }

  @Test func `keep Foundation out of the engine`() {
    for source in Self.sources
    where source.path.hasPrefix("Sources/Kernels/") || source.path.hasPrefix("Sources/Graph/") {
      #expect(!source.lines.contains { $0.contains("import Foundation") }, "\(source.path)")
    }
  }

  @Test func `depend one way`() {
    let lower: [(folder: String, never: [String])] = [
      (
        "JSON",
        [
          "Foundation", "Files", "Kernels", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve",
        ]
      ),
      ("Kernels", ["Files", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve"]),
      ("Files", ["Foundation", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve"]),
      ("Graph", ["Files", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve"]),
      ("GraphDefImport", ["Parameters", "Wire", "Transport", "PS", "Serve"]),
      ("Parameters", ["Graph", "GraphDefImport", "Wire", "Transport", "PS", "Serve"]),
      ("Wire", ["Graph", "GraphDefImport", "Parameters", "Transport", "PS", "Serve"]),
      ("Transport", ["Graph", "GraphDefImport", "Parameters", "PS", "Serve"]),
      ("PS", ["Graph", "GraphDefImport", "Serve"]),
      ("Serve", ["Remote", "Web"]),
      ("Remote", ["Web"]),
      ("Web", ["Wire", "Transport", "PS", "Remote"]),
    ]
    for (folder, never) in lower {
      for source in Self.sources where source.path.hasPrefix("Sources/\(folder)/") {
        for line in source.lines where line.contains("import ") {
          let name = line.split(separator: " ").last.map(String.init) ?? ""
          #expect(!never.contains(name), "\(source.path) imports \(name)")
        }
      }
    }
  }

  /// A build only makes anew what depends on a module in so many words: whoever imports one that its target does not name
  /// goes on with the layout of types that have changed since, and writes beyond them.
  @Test func `import only what the manifest names for their target`() throws {
    let manifest = try String(contentsOf: Self.package.appendingPathComponent("Package.swift"), encoding: .utf8)
    let targets = manifest.components(separatedBy: "\n    .").filter { $0.prefix { $0 != "(" }.hasSuffix("arget") }
    #expect(targets.count > 20)
    for target in targets {
      let name = target.components(separatedBy: "\"")[1]
      let isTest = target.hasPrefix("testTarget") || target.contains("path: \"Tests/")
      let folder = "\(isTest ? "Tests" : "Sources")/\(name)/"
      for source in Self.sources where source.path.hasPrefix(folder) {
        for module in source.lines.compactMap(Self.importedModule) where manifest.contains("\"\(module)\"") {
          #expect(target.contains("\"\(module)\""), "\(source.path) imports \(module)")
        }
      }
    }
  }

  /// The module that the line imports, if it imports one.
  private static func importedModule(_ line: Substring) -> Substring? {
    let words = line.split(separator: " ")
    guard let place = words.firstIndex(of: "import"), words[..<place].allSatisfy({ !$0.hasPrefix("/") }) else {
      return nil
    }
    return words.last?.split(separator: ".").first
  }
}
