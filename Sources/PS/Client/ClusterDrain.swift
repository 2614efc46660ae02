import Kernels
public import Transport
import Wire

/// Finds out whether the servers of a cluster are at the same point, so that they can be stopped and resharded.
public struct ClusterDrain: Sendable {
  /// Why they are not.
  public enum Obstacle: Hashable, Sendable {
    /// A server does not have a model that another one has.
    case missing(model: String, shard: Int)
    /// A server keeps gradients of a clock that is not over.
    case openClock(model: String, shard: Int)
    /// A server lacks a part of a stream.
    case stream(StreamLag)
  }

  /// A server has a stream up to ``stored``, or nothing of it, others up to ``furthest``.
  public struct StreamLag: Hashable, Sendable {
    /// The name of the model.
    public var model: String
    /// Which server.
    public var shard: Int
    /// The number of the stream.
    public var source: UInt64
    /// The end of what the server has.
    public var stored: UInt64?
    /// The end of what others have.
    public var furthest: UInt64

    /// That `shard` has less of a stream than others.
    public init(model: String, shard: Int, source: UInt64, stored: UInt64?, furthest: UInt64) {
      (self.model, self.shard, self.source) = (model, shard, source)
      (self.stored, self.furthest) = (stored, furthest)
    }
  }

  private let links: any ServerLinks

  /// Asks all `servers` of a cluster, in the order of their shards.
  public init(_ servers: [Address], options: NetworkLinks.Options) {
    self.init(NetworkLinks(servers, options: options))
  }

  /// Asks the servers at the other ends of `links`.
  package init(_ links: any ServerLinks) { self.links = links }

  /// What keeps the servers apart now.
  public func obstacles() throws -> [Obstacle] {
    let answers = try links.call(all { _ in ServerRequest(reading: .stats) })
    let figures = try links.reading(answers) { (payload) throws(Refusal) in try FiguresReply(reading: payload).figures }
    let models = figures.map { figures in
      Dictionary(
        figures.compactMap { figure in Self.model(figure).map { ($0, figure.value) } }, uniquingKeysWith: max)
    }
    return try Set(models.flatMap(\.keys)).sorted().flatMap { model -> [Obstacle] in
      let missing = models.indices.filter { models[$0][model] == nil }
      guard missing.isEmpty else { return missing.map { .missing(model: model, shard: $0) } }
      let open = models.indices.filter { models[$0][model] != 0 }
      return open.map { .openClock(model: model, shard: $0) } + (try lags(of: model)).map(Obstacle.stream)
    }
  }

  /// Counts what a server lacks of a stream as applied, though its part of the gradients is lost.
  ///
  /// - Throws: ``ClientError`` if the model's workers keep in step, or the stream goes on meanwhile.
  public func skip(_ lag: StreamLag) throws {
    let model = try numbers(of: lag.model)[lag.shard]
    var writer = MessageWriter()
    let offsets = (lag.stored ?? 0)..<lag.furthest
    Mutation(sequence: 0, model: model, source: lag.source, offsets: offsets).write(to: &writer)
    writer.integer(UInt32(0))
    writer.count(0)
    _ = try links.call(lag.shard, ServerRequest(changing: .pushDense, writer.payload))
  }

  private func lags(of model: String) throws -> [StreamLag] {
    let numbers = try numbers(of: model)
    let answers = try links.call(
      all { shard in
        var writer = MessageWriter()
        writer.integer(numbers[shard])
        return ServerRequest(reading: .getOffsets, writer.payload)
      })
    let ends = try links.reading(answers) { (payload) throws(Refusal) in try OffsetsReply(reading: payload).offsets }
    return Set(ends.flatMap(\.keys)).sorted().flatMap { source in
      let furthest = ends.compactMap { $0[source] }.max() ?? 0
      return ends.indices.filter { ends[$0][source] != furthest }.map { shard in
        StreamLag(model: model, shard: shard, source: source, stored: ends[shard][source], furthest: furthest)
      }
    }
  }

  private func numbers(of model: String) throws -> [UInt32] {
    let request = ServerRequest(reading: .describeModel, DescribeRequest(name: model).payload)
    let answers = try links.call(all { _ in request })
    return try links.reading(answers) { (payload) throws(Refusal) in try DescribeReply(reading: payload).model }
  }

  private func all(_ request: (_ shard: Int) -> ServerRequest) -> [ServerRequest?] { (0..<links.count).map(request) }

  /// The model whose waiting gradients `figure` counts.
  private static func model(_ figure: FiguresReply.Figure) -> String? {
    let (prefix, suffix) = ("model.", ".gradients_waiting")
    guard figure.name.hasPrefix(prefix), figure.name.hasSuffix(suffix) else { return nil }
    return String(figure.name.dropFirst(prefix.count).dropLast(suffix.count))
  }
}

extension ClusterDrain.Obstacle: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing(let model, let shard): "server \(shard) does not have model '\(model)'"
    case .openClock(let model, let shard):
      "server \(shard) has gradients of '\(model)' for a clock that is not over; it ends when all its workers have pushed "
        + "or are gone for ten seconds"
    case .stream(let lag):
      "server \(lag.shard) has stream \(lag.source.hexadecimal) of '\(lag.model)' up to \(lag.stored ?? 0), others up to "
        + "\(lag.furthest)"
    }
  }
}
