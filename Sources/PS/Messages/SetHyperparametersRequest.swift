public import Parameters
public import Wire

/// New values of hyper-parameters of one tensor's optimizer; its rule stays.
///
///     mutation, u32 tensor, list of {u8 hyper-parameter, f32 value}
public struct SetHyperparametersRequest: Sendable {
  /// The tensor's number.
  public var tensor: Int
  /// The new values.
  public var values: [(hyperparameter: Hyperparameter, value: Float)]

  /// Changes hyper-parameters of the tensor number `tensor`.
  public init(tensor: Int, values: [(hyperparameter: Hyperparameter, value: Float)]) {
    self.tensor = tensor
    self.values = values
  }

  /// Reads what follows the mutation.
  public init(from reader: inout MessageReader) throws(Refusal) {
    tensor = Int(try reader.integer(UInt32.self))
    values = try reader.hyperparameters()
    try reader.finish()
  }

  /// Appends what follows the mutation.
  public func write(to writer: inout MessageWriter) {
    writer.integer(UInt32(tensor))
    writer.count(values.count)
    for (hyperparameter, value) in values {
      writer.integer(hyperparameter.rawValue)
      writer.float(value)
    }
  }
}
