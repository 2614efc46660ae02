import Graph
import GraphDefImport
import Kernels

/// Compares our gradients with the graph's own, executed in the same run.
struct GraphGradients {
  /// Why nodes of gradients could not be used.
  private(set) var notices: [String] = []

  private let session: Session
  private let feeds: SessionFeeds
  private let batch: Int
  private let seed: UInt64
  private let scale: Double
  private let fixesBatch: Bool
  private var groups: [[String]] = []

  /// Larger gradients are computed one at a time, so that few of them are in memory at once.
  private static let largeCount = 1 << 22

  /// A gradient that is this small beside the largest is as exact as that one's rounding: a sum that cancels to zero, as
  /// a bias has in front of a batch normalization, leaves a millionth of what was summed.
  private static let roundingFloor = 1e-2

  /// - Parameter scale: The largest element of any gradient.
  init(_ session: Session, _ feeds: SessionFeeds, batch: Int, seed: UInt64, scale: Double) throws {
    self.session = session
    self.feeds = feeds
    self.batch = batch
    self.seed = seed
    self.scale = scale
    fixesBatch = try Self.areForOneBatch(session)
    if fixesBatch, batch != session.config.batchSize {
      notices.append(
        "the graph's gradients are for batches of \(session.config.batchSize) examples only; "
          + "to compare with them, check with --batch \(session.config.batchSize)")
      return
    }
    var small: [String] = []
    for name in session.config.dense {
      let shape = try session.importer.variableType(name).shape
      guard isInGraph(name, shape) else { continue }
      let isSmall = shape.count?.constant.map { $0 <= Self.largeCount } ?? false
      if isSmall { small.append(name) } else { groups.append([name]) }
    }
    if !small.isEmpty { groups.append(small) }
  }

  /// Whether the graph's gradients are right only for the batch size it was exported with: sizes are written into the
  /// graph that no other batch has.
  static func areForOneBatch(_ session: Session) throws -> Bool {
    let importer = session.importer
    if try importer.fixesBatch(neededFor: [GraphDefImporter.lossName]) { return true }
    return session.config.dense.contains { name in
      var request = GraphDefImporter.Request(fetches: [GraphDefImporter.gradientName(of: name)])
      guard (try? importer.program(request)) == nil else { return false }
      request.fixesBatch = true
      return (try? importer.program(request)) != nil
    }
  }

  private mutating func isInGraph(_ name: String, _ shape: Shape) -> Bool {
    let gradient = GraphDefImporter.gradientName(of: name)
    do {
      var request = GraphDefImporter.Request(fetches: [gradient])
      request.fixesBatch = fixesBatch
      let program = try session.importer.program(request)
      return program.type(ofOutput: gradient) == TensorType(.float32, shape)
    } catch .unknownNode(gradient, _, _) {
      return false
    } catch {
      notices.append("the graph's gradient '\(gradient)' cannot be executed: \(error)")
      return false
    }
  }

  /// The error of each parameter whose gradient the graph has.
  func errors(_ variables: inout SessionVariables) throws -> [String: Double] {
    var errors: [String: Double] = [:]
    for group in groups {
      var request = GraphDefImporter.Request(fetches: group.map { GraphDefImporter.gradientName(of: $0) })
      request.gradients = group
      request.densifiesGradients = true
      request.fixesBatch = fixesBatch
      let program = try session.importer.program(request)
      let executor = try Executor(
        Plan(program, batch: batch, options: Plan.Options(lanes: session.pool.laneCount)), pool: session.pool)
      let bound = try session.bind(executor, feeds, &variables)
      try withExtendedLifetime(bound) {
        try executor.run(seed: seed)
        // The fetches come first, then our gradients, which have the same names.
        for (number, name) in group.enumerated() {
          let error = Self.error(of: executor.output(group.count + number), against: executor.output(number))
          errors[name] = error.relative(floor: Self.roundingFloor * scale)
        }
      }
    }
    return errors
  }

  /// How far our gradient is from the graph's, of the same shape.
  private static func error(of ours: TensorView, against graph: TensorView) -> LargestError {
    let (found, expected) = (ours.scalars(Float.self), graph.scalars(Float.self))
    var error = LargestError()
    for index in 0..<expected.count { error.add(Double(found[index]), Double(expected[index])) }
    return error
  }
}

extension TensorView {
  /// The integer at `index`.
  func integer(at index: Int) -> Int64 {
    dtype == .int32 ? Int64(scalars(Int32.self)[index]) : scalars(Int64.self)[index]
  }
}
