import Graph
import Kernels

/// The values of a session's variables: what they are fed, else what the graph initialises them with, until they change.
struct SessionVariables {
  private let feeds: SessionFeeds
  private let reader: InitialValueReader
  private var values: [String: OwnedTensor] = [:]

  init(feeds: SessionFeeds, reader: InitialValueReader) {
    self.feeds = feeds
    self.reader = reader
  }

  /// The value of the variable `name`, which has type `type`.
  mutating func value(_ name: String, _ type: TensorType) throws -> OwnedTensor {
    if let value = values[name] { return value }
    let value = try startingValue(name, type)
    values[name] = value
    return value
  }

  /// The value of the variable that is the input number `number` of `program`.
  mutating func value(_ number: Int, of program: Program) throws -> OwnedTensor {
    try value(program.inputs[number].name, program.types[number])
  }

  /// Lets the variable `name` have the value `value`.
  mutating func set(_ name: String, to value: OwnedTensor) { values[name] = value }

  /// Lets the variable `name` have its starting value again.
  mutating func reset(_ name: String) { values[name] = nil }

  private func startingValue(_ name: String, _ type: TensorType) throws -> OwnedTensor {
    guard let array = feeds.variables[name] else { return try reader.value(of: name) }
    guard let dimensions = type.shape.dimensions(batch: 1), dimensions.array == array.shape else {
      throw SessionError.shape(name: name, expected: type, found: array.shape)
    }
    return try array.tensor(type.dtype, dimensions, name: name)
  }
}
