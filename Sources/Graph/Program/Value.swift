/// A value of a program that is being built.
///
/// Operations on values (``Value/matmul(_:)`` and its like stand beside their primitives) append to the program.
public struct Value: Hashable, Sendable {
  /// The program the value belongs to.
  public let builder: ProgramBuilder
  /// Its number in the program.
  public let number: Int

  /// The value's type.
  public var type: TensorType { builder.type(of: number) }
  /// The value's shape.
  public var shape: Shape { type.shape }
  /// The value's element type.
  public var dtype: DType { type.dtype }

  /// The single result of `primitive` applied to this value and `others`.
  func applying(_ primitive: some Primitive, _ others: Value...) throws(ShapeError) -> Value {
    try builder.apply(primitive, [self] + others)[0]
  }

  public static func == (a: Value, b: Value) -> Bool { a.builder === b.builder && a.number == b.number }
  public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
