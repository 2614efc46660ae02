import Graph
import GraphDefImport
import Kernels

/// The arrays that a session is fed, told apart: starting values of variables, and tensors that are not computed.
struct SessionFeeds {
  /// By variable.
  private(set) var variables: [String: NpyArray] = [:]
  /// By tensor, `:0` left out.
  private(set) var tensors: [String: NpyArray] = [:]
  /// The types of the tensors, as the importer takes them.
  private(set) var types: [String: TensorType?] = [:]

  private static let variableOperations: Set<String> = ["VariableV2", "Variable", "VarHandleOp"]
  private static let placeholderOperations: Set<String> = ["Placeholder", "PlaceholderV2"]

  /// Sorts `feeds`, arrays by the names of tensors of `importer`'s graph.
  init(_ feeds: [(name: String, array: NpyArray)], _ importer: GraphDefImporter) throws {
    let operations = Dictionary(importer.graph.nodes.map { ($0.name, $0.op) }) { first, _ in first }
    var inner: [String] = []
    for (name, array) in feeds {
      let reference = InputReference(parsing: name) ?? InputReference(name)
      let key = reference.description
      guard variables[key] == nil, tensors[key] == nil else { throw SessionError.fedTwice(name: key) }
      guard let operation = operations[reference.node] else {
        // The importer knows what the name may have been meant for.
        _ = try importer.program(GraphDefImporter.Request(fetches: [key]))
        continue
      }
      if Self.variableOperations.contains(operation), reference.output == 0 {
        if importer.config.dense.contains(key), let (position, value) = array.firstNonFinite {
          throw SessionError.notFinite(name: key, position: position, value: value)
        }
        variables[key] = array
      } else {
        tensors[key] = array
        types.updateValue(nil, forKey: key)
        if !Self.placeholderOperations.contains(operation) { inner.append(key) }
      }
    }
    try findTypes(of: inner, importer)
  }

  /// The type of a tensor is what it would be if it were computed, or else what the array looks like.
  private mutating func findTypes(of names: [String], _ importer: GraphDefImporter) throws {
    for name in names {
      guard let program = try? importer.program(GraphDefImporter.Request(fetches: [name])) else { continue }
      types[name] = program.type(ofOutput: name)
    }
    let unknown = names.filter { types[$0] == .some(nil) }
    guard !unknown.isEmpty else { return }
    // A placeholder that is fed tells the batch.
    let batch = tensors.keys.sorted().first { !names.contains($0) }.flatMap { tensors[$0]?.shape.first }
    for name in unknown {
      guard let array = tensors[name] else { continue }
      types[name] = TensorType(
        array.dtype,
        Shape(
          array.shape.enumerated().map { axis, extent in
            axis == 0 && extent == batch ? .batch : Extent(extent)
          }))
    }
  }

  /// Whether the arrays that are fed to the graph's inputs have `count` examples.
  func haveExamples(_ count: Int) -> Bool {
    let names = [GraphDefImporter.inputName, GraphDefImporter.labelsName]
    return names.compactMap { tensors[$0] }.allSatisfy { $0.shape.first == count }
  }

  /// The number of examples that the arrays fed to `programs` have, or `nil` if none of them has any.
  ///
  /// Where a program needs nothing but the shape of an input, the input may be fed.
  func batch(of programs: [Program]) throws(SessionError) -> Int? {
    var found: (name: String, count: Int)?
    for program in programs {
      let used = program.usedInputs
      for (number, input) in program.inputs.enumerated() where input.role == .data {
        let type = program.types[number]
        guard let array = tensors[input.name] else {
          if used[number] { throw .notFed(name: input.name, type: type) }
          continue
        }
        guard array.shape.count == type.rank else {
          throw .shape(name: input.name, expected: type, found: array.shape)
        }
        for (extent, count) in zip(type.shape.extents, array.shape) where !extent.isFixed {
          let (dividend, overflow) = count.subtractingReportingOverflow(extent.fixed)
          guard !overflow, extent.batches > 0, dividend > 0, dividend % extent.batches == 0 else {
            throw .shape(name: input.name, expected: type, found: array.shape)
          }
          let examples = dividend / extent.batches
          if let found, found.count != examples {
            guard found.name != input.name else {
              throw .shape(name: input.name, expected: type, found: array.shape)
            }
            throw .batch(name: input.name, count: examples, other: found.name, otherCount: found.count)
          }
          found = (input.name, examples)
        }
      }
    }
    return found?.count
  }

  /// The tensor fed as the input number `number` of `program`, for `batch` examples.
  func tensor(_ number: Int, of program: Program, batch: Int) throws(SessionError) -> OwnedTensor {
    let (name, type) = (program.inputs[number].name, program.types[number])
    guard let array = tensors[name] else { throw .notFed(name: name, type: type) }
    guard let dimensions = type.shape.dimensions(batch: batch), dimensions.array == array.shape else {
      throw .shape(name: name, expected: type, found: array.shape)
    }
    return try array.tensor(type.dtype, dimensions, name: name)
  }
}
