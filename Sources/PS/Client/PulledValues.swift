import Kernels
import NIOCore
import Parameters
import Wire

/// Where the values that a server sends belong: they are copied there piece by piece while they arrive, when they are in
/// the processor's caches and the rest is on its way.
///
/// What was copied counts when ``finish(_:)`` says so: before that the checksum of the answer is not known to be right. If
/// it is wrong, the right answer is copied over it. So an answer is copied before it is whole only if it has all that was
/// asked for, because no revision was known, as with every push.
struct PulledValues {
  /// An array of the answer.
  enum Part {
    /// Elements of a dense tensor.
    case elements(MemoryView<Float>)
    /// The rows of a table that `shard` has of those in a group.
    case rows(KeyGroup, shard: Int, ParameterSpec, mirror: MemoryView<Float>)
  }

  private let dense: [Part]
  private let rows: [Part]
  /// The revision of the dense tensors at which the answer has none of them.
  private let knownRevision: UInt64

  /// The number of the request that is answered, which is another one whenever it is sent.
  private var requestID: UInt64?
  private var head: PullReply?
  /// The parts of which something is missing.
  private var missing: ArraySlice<Part> = []
  /// The scalars of the first of these that were copied.
  private var copied = 0
  /// Where in the payload the next scalar is, or the padding before it.
  private var place = 0

  /// The values of dense tensors, of an answer whose revision is not `knownRevision`, and of rows behind them.
  init(dense: [Part], knowing knownRevision: UInt64, rows: [Part]) {
    self.dense = dense
    self.knownRevision = knownRevision
    self.rows = rows
  }

  /// An answer that has a head only.
  static let none = PulledValues(dense: [], knowing: 0, rows: [])

  /// Copies what has come of an answer since the last time.
  mutating func take(_ answer: ArrivingAnswer) {
    guard knownRevision == 0 else { return }
    // What is wrong with it is said when it is whole.
    try? take(answer.payload, of: answer.requestID)
  }

  private mutating func take(_ payload: ByteBuffer, of requestID: UInt64) throws(Refusal) {
    if self.requestID != requestID {
      self = PulledValues(dense: dense, knowing: knownRevision, rows: rows)
      self.requestID = requestID
    }
    guard payload.readableBytes >= place else { throw MessageReader.tooShort }
    var reader = MessageReader(payload, from: place)
    if head == nil {
      guard reader.remaining >= PullReply.byteCount else { return }
      let head = try PullReply(from: &reader)
      missing = (head.revision == knownRevision ? rows : dense + rows)[...]
      place = payload.readableBytes - reader.remaining
      self.head = head
    }
    while let part = missing.first {
      if copied == 0 {
        guard reader.remaining >= reader.padding else { return }
        try reader.align()
      }
      let available = min(part.scalarCount - copied, reader.remaining / MemoryLayout<Float>.stride)
      let count = available - available % part.unit
      guard count > 0 || part.scalarCount == 0 else { return }
      let scalars = try reader.scalars(of: Float.self, count: count)
      withExtendedLifetime(scalars) { part.copy(scalars.view, to: copied) }
      place = payload.readableBytes - reader.remaining
      copied += count
      guard copied == part.scalarCount else { return }
      missing.removeFirst()
      copied = 0
    }
  }

  /// Copies the rest of an answer, which is whole and whose checksum is right.
  ///
  /// - Returns: The head of the answer.
  /// - Throws: 300 for another size than what was asked for has.
  mutating func finish(_ frame: Frame) throws(Refusal) -> PullReply {
    try take(frame.payload, of: frame.header.requestID)
    guard let head, missing.isEmpty else { throw MessageReader.tooShort }
    try MessageReader(frame.payload, from: place).finish()
    return head
  }
}

extension PulledValues.Part {
  /// The number of scalars.
  fileprivate var scalarCount: Int {
    switch self {
    case .elements(let elements): elements.count
    case .rows(let group, let shard, let spec, _): group.count(on: shard) * spec.rowLength
    }
  }

  /// The scalars that are copied together.
  fileprivate var unit: Int {
    switch self {
    case .elements: 1
    case .rows(_, _, let spec, _): max(1, spec.rowLength)
    }
  }

  /// Copies `scalars` to where those from `first` on belong.
  fileprivate func copy(_ scalars: MemoryView<Float>, to first: Int) {
    switch self {
    case .elements(let elements): elements[first..<first + scalars.count].copy(from: scalars)
    case .rows(let group, let shard, let spec, let mirror):
      guard spec.rowLength > 0 else { return }
      group.scatter(scalars, from: shard, startingAt: first / spec.rowLength, of: spec, to: mirror)
    }
  }
}
