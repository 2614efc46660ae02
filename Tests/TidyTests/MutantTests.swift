import Foundation
import Testing

/// The bugs that `make mutants` plants, to see that tests notice them.
@Suite struct `Every planted bug` {
  private struct Mutant: CustomTestStringConvertible {
    let name: String
    let lines: [Substring]
    var testDescription: String { name }

    /// The suites that are to notice it, of which one is enough.
    var suites: [Substring] { lines.first?.dropFirst("Tests: ".count).split(separator: "|") ?? [] }

    /// The files that it changes, and in each what it needs to find there, in one piece.
    var places: [(path: String, text: String)] {
      var places: [(path: String, text: String)] = []
      var path = ""
      for line in lines.drop(while: { !$0.hasPrefix("--- a/") }) {
        if line.hasPrefix("--- a/") {
          path = String(line.dropFirst(6))
        } else if line.hasPrefix("@@") {
          places.append((path, ""))
        } else if line.hasPrefix(" ") || line.hasPrefix("-"), !places.isEmpty {
          places[places.count - 1].text += line.dropFirst() + "\n"
        }
      }
      return places
    }
  }

  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
  }

  private static let mutants: [Mutant] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: package.path + "/Tests/Mutants")) ?? []
    return names.sorted().map { name in
      let text = (try? text("Tests/Mutants/\(name)")) ?? ""
      return Mutant(name: name, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }()

  @Test func `is there`() { #expect(Self.mutants.count == 14) }

  @Test(arguments: mutants) private func `can still be planted`(_ mutant: Mutant) throws {
    #expect(!mutant.places.isEmpty)
    for (path, text) in mutant.places {
      #expect(try Self.text(path).ranges(of: text).count == 1, "\(path):\n\(text)")
    }
  }

  @Test(arguments: mutants) private func `is looked for by tests that are there`(_ mutant: Mutant) throws {
    let suites = try FileManager.default.subpathsOfDirectory(atPath: Self.package.path + "/Tests")
      .filter { $0.hasSuffix("Tests.swift") }.map { try Self.text("Tests/" + $0) }
    #expect(!mutant.suites.isEmpty)
    for suite in mutant.suites {
      #expect(suites.contains { $0.contains("struct `\(suite)`") }, "\(suite)")
    }
  }
}
