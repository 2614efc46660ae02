package import Graph

/// What the import of one program keeps while it goes from node to node.
package final class ImportContext {
  /// The program.
  package let builder: ProgramBuilder
  /// The batch size that the graph was exported for; where a fixed shape has it instead of the batch, the batch is meant.
  package let batchSize: Int
  /// The type that 32-bit floating-point numbers become.
  package let precision: DType
  /// Whether the program is for scoring, where dropout is off.
  package let isScoring: Bool
  /// The value of each variable at this point of the program.
  package var variables: [String: Value] = [:]
  /// The variables that were assigned to, in order.
  package var assigned: [String] = []
  /// What is known of dropout, where it is turned off.
  var dropout = DropoutRemoval()
  /// How many nodes of loops were imported so far.
  var loopNodeCount = 0
  private var randomStreams: UInt64 = 0

  package init(_ builder: ProgramBuilder, batchSize: Int, precision: DType, isScoring: Bool) {
    self.builder = builder
    self.batchSize = batchSize
    self.precision = precision
    self.isScoring = isScoring
  }

  /// A number that no random node had before.
  package func nextRandomStream() -> UInt64 {
    randomStreams += 1
    return randomStreams
  }

  /// Lets the variable `name` have the value `value` from here on.
  package func assign(_ value: Value, to name: String) {
    if variables.updateValue(value, forKey: name) != nil, !assigned.contains(name) { assigned.append(name) }
  }

  /// The element type that `type` becomes, or `nil` if it is not supported.
  package func dtype(_ type: DataType) -> DType? {
    switch type {
    case .float: precision
    case .double: .float64
    case .int32, .int16, .int8, .uint8, .uint16: .int32
    case .int64, .uint32: .int64
    case .bool: .bool
    default: nil
    }
  }
}
