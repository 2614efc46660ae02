import Kernels
package import Parameters

/// What every parameter store promises; each promise is a method that throws where it is broken.
package struct StoreContract: Sendable {
  /// A broken promise.
  package struct Violation: Error, CustomStringConvertible {
    package let description: String
  }

  /// Makes an empty store of some parameters.
  package typealias MakeStore = @Sendable ([ParameterSpec]) throws -> any ParameterStore

  private let makeStore: MakeStore

  /// The contract for the stores that `makeStore` makes.
  package init(_ makeStore: @escaping MakeStore) { self.makeStore = makeStore }

  private static let rate: Float = 0.5
  private static let specs = [
    ParameterSpec(name: "w", shape: [2, 3], optimizer: .sgd(rate: rate)),
    ParameterSpec(name: "table", shape: [6, 2], kind: .table, optimizer: .sgd(rate: rate)),
    ParameterSpec(name: "fixed", shape: [2], isFrozen: true),
  ]

  private func expect(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
    guard condition else { throw Violation(description: promise()) }
  }

  /// The store's tensors, by position.
  package static func contents(of store: any ParameterStore) throws -> [[UInt32]] {
    try store.tensors.map { try store.read($0.name).map(\.bitPattern) }
  }

  /// Pushes gradients of `Self.specs`.
  private func push(
    _ dense: [Float]?, rows: [Int64], _ values: [Float], source: SourceRange? = nil, to store: any ParameterStore
  ) throws -> ParameterValues {
    var dense = dense ?? []
    var rows = rows
    var values = values
    return try dense.withMemoryView { denseView in
      try rows.withMemoryView { keys in
        try values.withMemoryView { gradients in
          let push = ParameterGradients(
            gradients: [
              denseView.count == 0 ? .none : .dense(denseView),
              keys.count == 0 ? .none : .rows(keys: keys, values: gradients), .none,
            ], source: source)
          let pull = RowRequest(tables: keys.count == 0 ? [] : [.init(parameter: 1, keys: keys)])
          return try store.exchange(push: push, pull: pull)
        }
      }
    }
  }

  /// Lends what was written and applies what is pushed, to the rows in the push only.
  package func lendsWhatWasWrittenAndPushed() throws {
    let store = try makeStore(Self.specs)
    try store.write([1, 2, 3, 4, 5, 6], to: "w")
    try store.write((0..<12).map(Float.init), to: "table")
    try store.write([8, 9], to: "fixed")
    let values = try push([2, 2, 2, 2, 2, 2], rows: [1, 4], [2, 4, 6, 8], to: store)
    try expect(values.version == 1 && store.version == 1, "a push makes the version grow by one")
    try expect(values.parameters[0].scalars[0..<6].array == [0, 1, 2, 3, 4, 5], "w is lent after the update")
    let table = values.parameters[1]
    for (position, key) in [1, 4].enumerated() {
      let start = key * table.rowStride
      let expected: [Float] = position == 0 ? [1, 1] : [5, 5]
      try expect(table.scalars[start..<start + 2].array == expected, "row \(key) is lent after the update")
    }
    try expect(values.parameters[2].scalars[0..<2].array == [8, 9], "a frozen parameter stays")
    try expect(
      try store.read("table") == [0, 1, 1, 1, 4, 5, 6, 7, 5, 5, 10, 11], "rows that are not in the push stay")
    let again = try store.exchange(push: nil, pull: RowRequest())
    try expect(again.version == 1, "a pull leaves the version")
  }

  /// Refuses a push as a whole: one that is not finite or does not fit the schema changes nothing.
  package func refusesAsAWhole() throws {
    let store = try makeStore(Self.specs)
    let ones = [Float](repeating: 1, count: 6)
    _ = try push(ones, rows: [0, 5], [1, 1, 1, 1], to: store)
    let before = try Self.contents(of: store)
    for bad in [Float.nan, .infinity, -.infinity] {
      try refuses(.notFinite(tensor: "table", position: 3, row: 5)) {
        try push(ones, rows: [0, 5], [1, 1, 1, bad], to: store)
      }
      try refuses(.notFinite(tensor: "w", position: 5, row: nil)) {
        try push(ones.dropLast() + [bad], rows: [0], [1, 1], to: store)
      }
    }
    try refuses(.rowsNotAscending(parameter: "table", position: 1, key: 2)) {
      try push(ones, rows: [2, 2], [1, 1, 1, 1], to: store)
    }
    try refuses(.rowOutsideTable(parameter: "table", position: 1, key: 6, rowCount: 6)) {
      try push(ones, rows: [2, 6], [1, 1, 1, 1], to: store)
    }
    try refuses(.rowOutsideTable(parameter: "table", position: 0, key: -1, rowCount: 6)) {
      try push(ones, rows: [-1], [1, 1], to: store)
    }
    try refuses(.wrongCount(tensor: "w", expected: 6, found: 1)) { try push([1], rows: [2], [1, 1], to: store) }
    try refuses(.wrongCount(tensor: "table", expected: 2, found: 3)) {
      try push(ones, rows: [2], [1, 1, 1], to: store)
    }
    try refuses(.wrongNumberOfGradients(expected: 3, found: 1)) {
      try store.exchange(push: ParameterGradients(gradients: [.none]), pull: nil)
    }
    try expect(try Self.contents(of: store) == before, "a refused push changes nothing")
    try expect(store.version == 1, "a refused push leaves the version")
    try refuses(.notFinite(tensor: "w", position: 2, row: nil)) { try store.write([1, 2, .nan, 4, 5, 6], to: "w") }
    try expect(try Self.contents(of: store) == before, "a refused write changes nothing")
  }

  private func refuses<Result>(_ expected: StoreError, _ body: () throws -> Result) throws {
    do {
      _ = try body()
    } catch let error as StoreError {
      return try expect(error == expected, "expected '\(expected)', got '\(error)'")
    }
    throw Violation(description: "expected '\(expected)'")
  }

  /// Applies every part of a stream once, in order.
  package func appliesAStreamOnce() throws {
    let store = try makeStore(Self.specs)
    let ones = [Float](repeating: 1, count: 6)
    func push(_ range: Range<UInt64>) throws -> ParameterValues {
      let source = SourceRange(name: "clicks", begin: range.lowerBound, end: range.upperBound)
      return try self.push(ones, rows: [], [], source: source, to: store)
    }
    try expect(try !push(10..<20).isDuplicate, "the first batch of a stream is applied")
    try expect(try !push(20..<30).isDuplicate, "the next batch is applied")
    let contents = try Self.contents(of: store)
    try expect(try push(10..<20).isDuplicate, "a batch that was applied is ignored")
    try expect(try push(20..<30).isDuplicate, "the last batch, sent again, is ignored")
    try refuses(.sourceGap(.init(name: "clicks", begin: 31, end: 40), stored: 30)) { try push(31..<40) }
    try refuses(.sourceOverlap(.init(name: "clicks", begin: 25, end: 35), stored: 30)) { try push(25..<35) }
    try expect(try Self.contents(of: store) == contents, "duplicates and gaps change nothing")
    try expect(store.version == 2, "duplicates and gaps leave the version")
    try expect(try store.offset(ofSource: "clicks") == 30, "the offset is the end of what was applied")
  }

  /// Keeps learning alike when its contents are carried over to another store, whatever the optimizer.
  ///
  /// `restore` saves a store and gives one that continues it; a hundred more steps on both must agree to the last bit.
  package func continuesAlike(
    after restore: (_ store: any ParameterStore, _ schema: [ParameterSpec]) throws -> any ParameterStore
  ) throws {
    let schema = Rule.Kind.allCases.flatMap { kind in
      [1, 8, 17].flatMap { length in
        [
          ParameterSpec(name: "\(kind.name)-\(length)", shape: [3, length], optimizer: Optimizer(Rule(kind))),
          ParameterSpec(
            name: "\(kind.name)-rows-\(length)", shape: [7, length], kind: .table, optimizer: Optimizer(Rule(kind)),
            initialValues: .uniform(low: -1, high: 1, key: 7, stream: UInt64(length))),
        ]
      }
    }
    let original = try makeStore(schema)
    var steps = SplitMix64(seed: 2)
    for _ in 0..<20 { try train(original, schema, seed: steps.next()) }
    let restored = try restore(original, schema)
    try expect(restored.version == original.version, "the version is restored")
    try expect(try Self.contents(of: restored) == Self.contents(of: original), "the contents are restored")
    for _ in 0..<100 {
      let seed = steps.next()
      try train(original, schema, seed: seed)
      try train(restored, schema, seed: seed)
    }
    try expect(restored.version == original.version, "the versions go on alike")
    try expect(try Self.contents(of: restored) == Self.contents(of: original), "learning goes on alike")
  }

  /// Pushes random gradients of every parameter of `schema`.
  private func train(_ store: any ParameterStore, _ schema: [ParameterSpec], seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var keys = schema.map { spec in
      spec.kind == .dense ? [] : (0..<Int64(spec.rowCount)).filter { _ in generator.next() & 1 == 0 }
    }
    var values = zip(schema, keys).map { spec, keys in
      (0..<(spec.kind == .dense ? spec.count : keys.count * spec.rowLength)).map { _ in
        Float.random(in: -1...1, using: &generator)
      }
    }
    var gradients: [Gradient] = []
    try Self.withViews(&keys) { keys in
      try Self.withViews(&values) { values in
        for index in schema.indices {
          gradients.append(
            schema[index].kind == .dense ? .dense(values[index]) : .rows(keys: keys[index], values: values[index]))
        }
        _ = try store.exchange(push: ParameterGradients(gradients: gradients), pull: nil)
      }
    }
  }

  /// Lends all of `arrays` at once.
  private static func withViews<Scalar: BitwiseCopyable>(
    _ arrays: inout [[Scalar]], from first: Int = 0, _ body: ([MemoryView<Scalar>]) throws -> Void
  ) throws {
    guard first < arrays.count else { return try body([]) }
    var array = arrays[first]
    try array.withMemoryView { view in
      try withViews(&arrays, from: first + 1) { try body([view] + $0) }
    }
  }
}
