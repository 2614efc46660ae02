import Kernels

/// Random numbers of a shape, drawn anew in each step.
///
/// Each number depends on the run's seed, the step, `stream` and its position only (a counter-based generator), so tiles
/// and threads do not change it.
public struct RandomNumbers: Primitive {
  /// What the numbers are drawn from.
  public enum Distribution: Hashable, Sendable {
    /// Uniform in `[0, 1)`.
    case uniform
    /// Normal with mean 0 and deviation 1.
    case normal
    /// Normal, drawn again if farther than two deviations from the mean.
    case truncatedNormal
  }

  /// What the numbers are drawn from.
  public let distribution: Distribution
  /// The type of the result.
  public let type: TensorType
  /// Tells apart the random tensors of a program.
  public let stream: UInt64

  public var name: String { "random \(distribution) \(stream)" }
  public var isDeterministic: Bool { false }

  /// The type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(0, operands)
    guard type.dtype.isFloatingPoint else { throw mismatch(operands, "a floating-point element type") }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let view = results[0]
    var mixer = SplitMix64(seed: context.step &+ stream &* 0x9E37_79B9_7F4A_7C15)
    let stream = mixer.next()
    // Examples lie along the first axis (see `batching`), so this range starts at a multiple of its elements.
    let perExample = type.rank > 0 && type.shape[0].isBatched ? type.shape[0].batches * view.rowLength : 0
    let offset = context.firstExample * perExample
    switch (distribution, view.dtype) {
    case (.uniform, .float32):
      Random.uniform(key: context.seed, stream: stream, offset: offset, into: view.scalars(Float.self))
    case (.uniform, _):
      Random.uniform(key: context.seed, stream: stream, offset: offset, into: view.scalars(Double.self))
    case (.normal, .float32):
      Random.normal(key: context.seed, stream: stream, offset: offset, into: view.scalars(Float.self))
    case (.normal, _):
      Random.normal(key: context.seed, stream: stream, offset: offset, into: view.scalars(Double.self))
    case (.truncatedNormal, .float32):
      Random.truncatedNormal(key: context.seed, stream: stream, offset: offset, into: view.scalars(Float.self))
    case (.truncatedNormal, _):
      Random.truncatedNormal(key: context.seed, stream: stream, offset: offset, into: view.scalars(Double.self))
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard type.rank > 0, type.shape[0].isBatched, type.shape.extents.dropFirst().allSatisfy(\.isFixed) else {
      return .whole
    }
    return .perExample([0])
  }
}

extension Value {
  /// Random numbers of type `type`, drawn anew in each step; `stream` tells apart the random values of a program.
  public static func random(
    _ distribution: RandomNumbers.Distribution, _ type: TensorType, stream: UInt64, in builder: ProgramBuilder
  ) throws(ShapeError) -> Value {
    try builder.apply(RandomNumbers(distribution: distribution, type: type, stream: stream), [])[0]
  }
}
