public import Files
import Graph
import Kernels
import Parameters

/// Works out from the inputs of a batch alone which rows of which tables the batch touches.
///
/// Tables that are read by the same ids share one list of keys. Allocates only while it grows to the largest batch it
/// has seen. Used by one thread at a time.
final class TouchedRows {
  /// Tables that are read by the same ids.
  private struct Group {
    /// The tables' numbers among the parameters.
    var parameters: [Int]
    /// The outputs of the program that are ids of these tables.
    var outputs: [Int]
    var rowCount: Int
    let index = RowIndex()
  }

  private let runner: ProgramRunner
  private let inputs: ProgramInputs
  private let groups: [Group]
  private let seed: UInt64
  private var request = RowRequest()

  /// What `program`, a program of `model`, reads of the model's tables in `reader`; `nil` to ask for all rows.
  ///
  /// All are asked for where that costs nothing, and where ids depend on parameters, as those of a table do that is
  /// looked up by the class that other parameters choose: which rows a batch needs is not known there before the
  /// parameters have come.
  init?(
    _ program: Program, of model: Model, in reader: any ParameterReader, pool: LanePool, seed: UInt64
  ) throws {
    guard reader.prefersRowRequests else { return nil }
    let tables = model.parameters.indices.filter { model.parameters[$0].isTable }
    let numbers = Dictionary(
      uniqueKeysWithValues: tables.compactMap { number in
        program.input(model.parameters[number].name).map { ($0, number) }
      })
    let reads = program.rowReads(ofInputs: numbers.keys.sorted())
    inputs = try ProgramInputs(reads.program, of: model, seed: seed)
    guard !inputs.needParameters else { return nil }
    runner = ProgramRunner(reads.program, pool: pool)
    self.seed = seed
    var groups: [Group] = []
    for input in numbers.keys.sorted() {
      let outputs = reads.tables.indices.filter { reads.tables[$0] == input }
      guard let number = numbers[input], !outputs.isEmpty else { continue }
      let values = Set(outputs.map { reads.program.outputs[$0].value })
      let rowCount = model.parameters[number].shape[0]
      let same = groups.firstIndex { group in
        group.rowCount == rowCount && Set(group.outputs.map { reads.program.outputs[$0].value }) == values
      }
      if let same {
        groups[same].parameters.append(number)
      } else {
        groups.append(Group(parameters: [number], outputs: outputs, rowCount: rowCount))
      }
    }
    self.groups = groups
  }

  /// The index that has the rows of the gradient of the parameter number `parameter` once ``request(of:step:)`` was
  /// told the batch; `nil` for a table that is read in several places, of which not all may have a gradient.
  func gradientIndex(of parameter: Int) -> RowIndex? {
    groups.first { $0.parameters.contains(parameter) && $0.outputs.count == 1 }?.index
  }

  /// The rows that `batch` touches in the step number `step`; valid until the next call but one.
  ///
  /// - Throws: ``RowOutsideTableError`` for ids outside of a table.
  func request(of batch: Batch, step: UInt64) throws -> RowRequest {
    request.tables.removeAll(keepingCapacity: true)
    guard !groups.isEmpty else { return request }
    let executor = try runner.executor(batch: batch.examples)
    try inputs.bind(executor, to: batch, nil, afterSteps: step) { try executor.run(seed: seed, step: step) }
    for group in groups {
      group.index.begin(idRange: group.rowCount)
      for output in group.outputs { try add(executor.output(output), to: group) }
      group.index.finish()
      let keys = group.index.unique
      for parameter in group.parameters { request.tables.append(.init(parameter: parameter, keys: keys)) }
    }
    return request
  }

  private func add(_ ids: TensorView, to group: Group) throws {
    switch ids.dtype {
    case .int32: try add(ids.scalars(Int32.self), to: group)
    default: try add(ids.scalars(Int64.self), to: group)
    }
  }

  private func add<Id: IndexScalar>(_ ids: MemoryView<Id>, to group: Group) throws {
    guard let position = group.index.add(ids) else { return }
    // An index forgets what it was given when it begins again, if it was finished.
    group.index.finish()
    throw RowOutsideTableError(position: position, row: Int64(ids[position]), rowCount: group.rowCount)
  }
}

/// A batch names a row that a table does not have.
public struct RowOutsideTableError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where among the ids of the batch.
  public var position: Int
  /// The row.
  public var row: Int64
  /// The rows that the table has.
  public var rowCount: Int

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    "the batch's id number \(position) is row \(row) of a table of \(rowCount) rows; ids count from 0"
  }
}
