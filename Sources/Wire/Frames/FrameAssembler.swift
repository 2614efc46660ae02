public import NIOCore

/// Puts frames together from the pieces in which bytes arrive.
///
/// A header is looked at as soon as it is there, so that a declared length costs nothing before it is allowed. Memory
/// for a payload is taken as its bytes arrive, at most twice what has come, until a connection has shown that it sends
/// frames of that size. Checksums are taken on the way. Who reads from a socket may read a long payload straight to where
/// it belongs, with ``lend()``.
public struct FrameAssembler: Sendable {
  /// The most bytes of a payload that are accepted now.
  public var payloadLimit: Int
  /// Whether checksums may follow payloads.
  public var takesTrailingChecksums = false

  private var headerBytes = ByteBuffer()
  private var current: FrameHeader?
  private var payload = ByteBuffer()
  private var checksum: UInt32 = 0
  /// The bytes of the payload that had come when its memory was lent.
  private var lentBytes: Int?
  /// The largest payload that came in whole.
  private var largest = 0

  /// The memory taken for a payload of which nothing has come yet.
  private static let firstCapacity = 16 << 10
  /// The fewest missing bytes for which memory is lent.
  private static let leastLent = 4 << 10

  /// An assembler for payloads of at most `payloadLimit` bytes.
  public init(payloadLimit: Int) { self.payloadLimit = payloadLimit }

  /// Whether a part of a frame has come.
  public var isInsideFrame: Bool { current != nil || headerBytes.readableBytes > 0 }

  /// The bytes of the unfinished frame's payload that have come.
  public var payloadBytes: Int { payload.readableBytes }

  /// The bytes of the unfinished frame that have not come; 0 before its header has.
  public var missingBytes: Int { current.map { $0.byteCountBehind - payload.readableBytes } ?? 0 }

  /// The unfinished frame whose header has come, with what has come of its payload, not checked yet.
  ///
  /// Whoever keeps the payload makes the next bytes be put into a copy of it.
  public var unfinished: (header: FrameHeader, payload: ByteBuffer)? {
    current.map { ($0, payload.getSlice(at: 0, length: min(payload.readableBytes, Int($0.length)))!) }
  }

  /// The memory taken for the unfinished frame's payload.
  package var payloadCapacity: Int { payload.capacity }

  /// Takes bytes from `input` up to the end of a frame.
  ///
  /// - Returns: The frame, or nil if `input` is used up before its end.
  /// - Throws: What ``header(from:)`` and ``frame(from:)`` throw; the connection cannot be read any further.
  public mutating func next(from input: inout ByteBuffer) throws(Refusal) -> Frame? {
    guard try header(from: &input) != nil else { return nil }
    return try frame(from: &input)
  }

  /// Takes bytes from `input` up to the end of a header, unless the frame's header has come already.
  ///
  /// - Returns: The header of the frame whose payload comes next, or nil if `input` is used up before its end.
  /// - Throws: What a header's check throws; 103 for a length above the limit, 105 for a checksum behind the payload where
  ///   that was not agreed.
  public mutating func header(from input: inout ByteBuffer) throws(Refusal) -> FrameHeader? {
    if let current { return current }
    guard let header = try wholeHeader(from: &input) else { return nil }
    guard Int(header.length) <= payloadLimit else {
      throw Refusal(
        .frameTooLarge, detail: UInt64(payloadLimit),
        "a payload of \(header.length) bytes; at most \(payloadLimit) are accepted now")
    }
    if header.flags.contains(.checksumFollows) {
      guard takesTrailingChecksums, header.payloadChecksum == 0 else {
        throw Refusal(.reservedBits, "a checksum behind a payload, which was not agreed, or a second one before it")
      }
    }
    current = header
    return header
  }

  /// Takes bytes of the payload that follows the header which ``header(from:)`` returned.
  ///
  /// - Returns: The frame, or nil if `input` is used up before its end.
  /// - Throws: 104 for a damaged payload.
  public mutating func frame(from input: inout ByteBuffer) throws(Refusal) -> Frame? {
    guard var header = current else { preconditionFailure("no header before a payload") }
    let missing = missingBytes
    let count = min(missing, input.readableBytes)
    if count > 0 {
      let before = payload.readableBytes
      reserve(for: count, of: header.byteCountBehind)
      var piece = input.readSlice(length: count)!
      payload.writeBuffer(&piece)
      check(from: before, of: header)
    }
    guard count == missing else { return nil }
    largest = max(largest, payload.readableBytes)
    header.takeChecksum(behind: &payload)
    guard checksum == header.payloadChecksum else {
      throw Refusal(.badPayloadChecksum, "a frame's payload was damaged on the way")
    }
    defer {
      current = nil
      payload = ByteBuffer()
      checksum = 0
    }
    return Frame(header: header, payload: payload)
  }

  /// Continues the checksum over what has come of the payload from `place` on.
  private mutating func check(from place: Int, of header: FrameHeader) {
    let end = min(payload.readableBytes, Int(header.length))
    guard place < end else { return }
    checksum = payload.checksum(at: place, length: end - place, continuing: checksum)
  }

  /// Lends the memory of the payload that is on its way, if much of it is missing: with what has come, and with room
  /// behind it for no more than what is missing.
  ///
  /// It is given back with ``takeBack(_:)`` before anything else is asked.
  public mutating func lend() -> ByteBuffer? {
    guard let header = current, missingBytes >= Self.leastLent else { return nil }
    reserve(for: 1, of: header.byteCountBehind)
    lentBytes = payload.readableBytes
    var lent = ByteBuffer()
    swap(&lent, &payload)
    return lent
  }

  /// Takes back what was lent, with the bytes that have come.
  ///
  /// - Returns: How many came.
  @discardableResult
  public mutating func takeBack(_ lent: ByteBuffer) -> Int {
    guard let before = lentBytes, let header = current else { preconditionFailure("memory that was not lent") }
    lentBytes = nil
    payload = lent
    check(from: before, of: header)
    return payload.readableBytes - before
  }

  private mutating func wholeHeader(from input: inout ByteBuffer) throws(Refusal) -> FrameHeader? {
    if headerBytes.readableBytes == 0, input.readableBytes >= FrameHeader.byteCount {
      return try FrameHeader(from: &input)
    }
    let count = min(FrameHeader.byteCount - headerBytes.readableBytes, input.readableBytes)
    var piece = input.readSlice(length: count)!
    headerBytes.writeBuffer(&piece)
    // Whoever speaks another protocol hears so at the first byte, without having to send 32.
    guard zip(headerBytes.readableBytesView, FrameHeader.magic).allSatisfy(==) else {
      throw Refusal(.badMagic, "this is not a frame of OLP")
    }
    guard headerBytes.readableBytes == FrameHeader.byteCount else { return nil }
    let header = try FrameHeader(from: &headerBytes)
    headerBytes.clear()
    return header
  }

  private mutating func reserve(for count: Int, of length: Int) {
    let needed = payload.readableBytes + count
    guard payload.capacity < needed else { return }
    let earned = max(largest, Self.firstCapacity, 2 * needed)
    var larger = Self.room(for: min(length, earned))
    larger.writeBuffer(&payload)
    payload = larger
  }

  /// An empty buffer that has room for `count` bytes and not one more.
  private static func room(for count: Int) -> ByteBuffer {
    var memory = ByteBufferAllocator().buffer(capacity: count)
    memory.moveWriterIndex(to: count)
    var room = memory.readSlice(length: count)!
    room.moveWriterIndex(to: 0)
    return room
  }
}

extension FrameHeader {
  /// The bytes between this header and the next one.
  fileprivate var byteCountBehind: Int {
    Int(length) + (flags.contains(.checksumFollows) ? MemoryLayout<UInt32>.size : 0)
  }

  /// Takes the checksum that follows the payload, if one does, so that nobody later has to ask where it was.
  fileprivate mutating func takeChecksum(behind payload: inout ByteBuffer) {
    guard flags.contains(.checksumFollows) else { return }
    flags.remove(.checksumFollows)
    payloadChecksum = payload.getInteger(at: Int(length), endianness: .little)!
    payload = payload.getSlice(at: 0, length: Int(length))!
  }
}
