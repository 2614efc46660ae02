public import Kernels

/// An operation the engine knows: its shape rule, its computation, its gradient, and how it treats a batch.
///
/// Programs are made of primitives; other operations are compositions of them. One file states everything the engine
/// knows of a primitive (a family of elementwise ones shares a file), in this order: shape rule, forward, pullback.
public protocol Primitive: Hashable, Sendable {
  /// The name shown in programs and profiles.
  var name: String { get }

  /// The types of the results for operands of types `operands`.
  func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType]

  /// Computes the results. Allocates nothing; `results` have the types that ``resultTypes(_:)`` gives.
  func forward(_ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext) throws(ExecutionError)

  /// The cotangents of the operands, given those of the results (`nil` where a result does not matter); written in
  /// primitives, so that gradients have gradients. `nil` marks an operand that has no gradient.
  func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError) -> [Cotangent?]

  /// An integer that the operand at `position` may always be, if some integers are errors there, such as an index out
  /// of range or a divisor of zero; `nil` if none is.
  func harmlessInteger(at position: Int) -> Int?

  /// What becomes of the batch when the primitive is applied to a range of the examples at a time.
  func batching(_ application: BatchedApplication) -> Batching

  /// How the results lie in memory with respect to the operands.
  var memory: PrimitiveMemory { get }

  /// Along how many of the leading axes lanes may divide operands and results, wherever ``batching(_:)`` would allow
  /// examples; the rows of a part along the second axis lie apart.
  var partitionableAxes: Int { get }

  /// Whether ``forward(_:into:_:)`` adds to its result when the context asks for it, so that a sum over the examples can be
  /// accumulated over ranges of them.
  var canAccumulate: Bool { get }

  /// The floating-point operations of one application, with operands and results of these extents.
  func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int

  /// How many elements of the operand at `position` one application reads, with operands and results of these extents.
  func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int

  /// The bytes of scratch that an application to operands and results of these extents takes: see
  /// ``ExecutionContext/scratch(of:count:)``.
  func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int

  /// Whether the same operands always give the same results. Random primitives depend on the step instead.
  var isDeterministic: Bool { get }
}

/// How a primitive's results lie in memory with respect to its operands.
public enum PrimitiveMemory: Hashable, Sendable {
  /// Results have memory of their own.
  case fresh
  /// Each element of the result depends on the same element of the operands only, so it may be written over any operand
  /// of its size.
  case elementwise
  /// The result is the first operand, seen with another shape: nothing is computed.
  case alias
}

extension Primitive {
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  { operands.map { _ in nil } }

  public func harmlessInteger(at position: Int) -> Int? { nil }
  public func batching(_ application: BatchedApplication) -> Batching { .whole }
  public var memory: PrimitiveMemory { .fresh }
  public var partitionableAxes: Int { memory == .elementwise ? 1 : 0 }
  public var canAccumulate: Bool { false }
  public var isDeterministic: Bool { true }
  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }

  public func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    operands[position].count
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    results.reduce(0) { $0 + $1.count }
  }

  /// The error that `operands` are not what the primitive takes.
  func mismatch(_ operands: [TensorType], _ expected: String) -> ShapeError {
    ShapeError(name, operands, expected: expected)
  }

  /// Checks that there are `count` operands.
  func expect(_ count: Int, _ operands: [TensorType]) throws(ShapeError) {
    guard operands.count == count else { throw mismatch(operands, count == 1 ? "one operand" : "\(count) operands") }
  }
}

/// The tensors a primitive is applied to, or writes.
@safe public struct TensorViews {
  // Safety: the executor keeps the table of views and the indices alive, and in bounds, while a primitive runs.
  let table: UnsafeMutablePointer<TensorView>
  let slots: UnsafePointer<Int32>
  /// How many there are.
  public let count: Int

  @unsafe init(table: UnsafeMutablePointer<TensorView>, slots: UnsafePointer<Int32>, count: Int) {
    unsafe self.table = table
    unsafe self.slots = slots
    self.count = count
  }

  /// The tensor at `index`.
  public subscript(index: Int) -> TensorView {
    precondition(index >= 0 && index < count, "tensor \(index) of \(count)")
    return unsafe table[Int(slots[index])]
  }
}

/// What a primitive may know of the step it runs in.
public struct ExecutionContext: Sendable {
  /// The number of examples in the whole batch.
  public var batch: Int
  /// The position in the batch of the first example at hand.
  public var firstExample = 0
  /// The seed of the run.
  public var seed: UInt64 = 0
  /// The number of the step, which random primitives depend on.
  public var step: UInt64 = 0
  /// Whether a primitive that can accumulate adds to its result instead of overwriting it.
  public var accumulates = false
  var scratch: AlignedMemory?

  /// The context of a batch of `batch` examples.
  public init(batch: Int) { self.batch = batch }

  /// The first `count` scalars of memory that the lane's primitives use one after the other; what they hold is arbitrary.
  func scratch<Scalar: TensorScalar>(of scalar: Scalar.Type, count: Int) -> MemoryView<Scalar> {
    guard let scratch else { preconditionFailure("a primitive uses scratch that it did not ask for") }
    return scratch.view(of: scalar, count: count)
  }
}

/// Data that a primitive cannot be applied to, found while it ran.
public enum ExecutionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An index into a table is not one of its rows.
  case indexOutOfRange(position: Int, index: Int, limit: Int)
  /// A largest or smallest element is looked for along an axis without elements.
  case emptyAxis(Int)
  /// A kernel found data it is not defined for.
  case kernel(KernelError)
  /// A condition that the graph asserts does not hold.
  case assertionFailed(String)

  public var description: String {
    switch self {
    case .indexOutOfRange(let position, let index, let limit):
      "index \(index) at position \(position) is not in 0..<\(limit)"
    case .emptyAxis(let axis): "axis \(axis) has no elements for this batch"
    case .kernel(let error): "\(error)"
    case .assertionFailed(let message): "assertion failed: \(message)"
    }
  }
}
