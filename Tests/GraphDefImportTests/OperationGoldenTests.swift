import Foundation
import Graph
import GraphDefImport
import TestSupport
import Testing

/// Operations at many shapes, axes, types and edge cases, against what TensorFlow computed: `Tests/Fixtures/operations`.
@Suite struct `An operation` {
  /// A small graph, what it is fed, and what TensorFlow found.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var graph = GraphDefBuilder()
    var feeds: [String: HostTensor] = [:]
    var expected: [String: HostTensor] = [:]

    var testDescription: String { name }
    /// The operands that TensorFlow differentiated with respect to.
    var differentiated: [String] {
      expected.keys.filter { $0.hasPrefix("d-") }.map { String($0.dropFirst(2)) }.sorted()
    }

    mutating func add(_ node: NodeDef, named path: Substring) throws {
      if let label = path.dropping("feed/") {
        feeds[label] = try HostTensor(#require(node.attributes["value"]?.tensor))
      } else if let label = path.dropping("expected/") {
        expected[label] = try HostTensor(#require(node.attributes["value"]?.tensor))
      } else {
        var node = node
        node.name = String(path)
        node.inputs = node.inputs.map { input in
          let (mark, path) = input.hasPrefix("^") ? ("^", input.dropFirst()) : ("", input[...])
          return mark + path.dropFirst(name.count + 1)
        }
        graph.graph.nodes.append(node)
      }
    }
  }

  static let cases: [Case] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/operations/operations.pb").standardized.path()
    var cases: [String: Case] = [:]
    do {
      for node in try GraphFile.read(path).graph.nodes {
        let name = String(node.name.prefix { $0 != "/" })
        try cases[name, default: Case(name: name)].add(node, named: node.name.dropFirst(name.count + 1))
      }
    } catch {
      Issue.record("\(path): \(error)")
    }
    return cases.values.sorted { $0.name < $1.name }
  }()

  @Test func `has many cases`() { #expect(Self.cases.count > 200) }

  @Test(arguments: cases) func `gives TensorFlow's values and gradients`(_ example: Case) throws {
    let fetches = example.expected.keys.filter { $0.hasPrefix("y") }.sorted()
    let results = try example.graph.evaluated(
      fetches, batch: 1, feeds: example.feeds, dense: example.feeds.keys.sorted()
    ) { request in
      request.gradients = example.differentiated
      request.densifiesGradients = true
    }
    #expect(!fetches.isEmpty)
    for (name, expected) in example.expected {
      let found = try #require(results[name], "\(name)")
      #expect(found.isClose(to: expected, relative: 2e-5, absolute: 1e-6), "\(name): \(found), TensorFlow: \(expected)")
    }
  }
}

extension Substring {
  /// What follows `prefix`, or `nil` if this begins otherwise.
  fileprivate func dropping(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}

extension HostTensor {
  /// The tensor of a constant.
  fileprivate init(_ proto: TensorProto) throws {
    let shape = try #require(proto.shape.knownDimensions)
    switch proto.dataType {
    case .float: self.init(.float32, shape, try proto.floats().map { Double($0) })
    case .double: self.init(.float64, shape, try proto.doubles())
    case .int32: self.init(.int32, shape, try proto.int32s().map { Double($0) })
    case .int64: self.init(.int64, shape, try proto.int64s().map { Double($0) })
    case .bool: self.init(.bool, shape, try proto.bools().map { $0 ? 1 : 0 })
    default: throw ImportError.Reason.unsupportedType(proto.dataType)
    }
  }
}
