/// A primitive that reads of its first operand, a table, only the rows that its second operand names.
public protocol RowReading: Primitive {}

extension GatherRows: RowReading {}

extension Program {
  /// The value whose elements the output number `output` has, maybe in another shape.
  package func source(ofOutput output: Int) -> Int {
    var value = outputs[output].value
    while let node = node(making: value), nodes[node].primitive.memory == .alias { value = nodes[node].operands[0] }
    return value
  }

  /// The part of the program that computes which rows it reads of some of its inputs.
  ///
  /// Inputs keep their numbers. Each output is the indices of one read.
  ///
  /// - Parameter tables: Inputs that are only read by rows.
  /// - Returns: The program, and for each of its outputs the input that is read.
  public func rowReads(ofInputs tables: [Int]) -> (program: Program, tables: [Int]) {
    var reads: [(indices: Int, table: Int)] = []
    for node in nodes where node.primitive is any RowReading && tables.contains(node.operands[0]) {
      let read = (indices: node.operands[1], table: node.operands[0])
      if !reads.contains(where: { $0 == read }) { reads.append(read) }
    }
    var program = self
    program.outputs = reads.enumerated().map { Output(name: "read \($0)", value: $1.indices) }
    return (program.pruned(), reads.map(\.table))
  }
}
