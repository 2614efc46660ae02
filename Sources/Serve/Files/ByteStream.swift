/// The bytes of a file, decompressed on the way if they are gzip (told by the first two bytes, not by the name).
package final class ByteStream {
  /// What messages call this stream.
  package let name: String
  /// The number of bytes to come from the start, where known: a plain file's size.
  package let byteCount: Int?

  private let input: InputFile
  private let inflater: Inflater?
  private var chunk: [UInt8]
  private var head = 0
  private var tail = 0
  private var isBetweenMembers = false

  /// Reads the first bytes of `input` and finds out whether they are compressed.
  package init(_ input: InputFile, chunkByteCount: Int = 1 << 17) throws(DataError) {
    precondition(chunkByteCount >= 2, "a chunk of \(chunkByteCount) bytes")
    self.input = input
    name = input.name
    chunk = [UInt8](repeating: 0, count: chunkByteCount)
    while tail < 2 {
      let count = try Self.read(input, into: &chunk, fromByte: tail)
      guard count > 0 else { break }
      tail += count
    }
    let isGzip = tail >= 2 && chunk[0] == 0x1f && chunk[1] == 0x8b
    inflater = isGzip ? Inflater() : nil
    byteCount = isGzip ? nil : input.byteCount
  }

  /// Opens the file at `path`; `hint` says how to get it if it is missing.
  package convenience init(path: String, hint: String = "") throws(DataError) {
    try self.init(InputFile(path: path, hint: hint))
  }

  /// True if bytes, or the end, can be had without waiting.
  package var isReady: Bool { head < tail || input.isReady }

  /// Fills `array` from its byte `start` on and returns how many bytes came: fewer than fit only at the end.
  package func fill<Scalar: BitwiseCopyable>(_ array: inout [Scalar], fromByte start: Int = 0) throws(DataError) -> Int
  {
    let end = array.count * MemoryLayout<Scalar>.stride
    var offset = start
    while offset < end {
      let count = try read(into: &array, fromByte: offset)
      guard count > 0 else { break }
      offset += count
    }
    return offset - start
  }

  /// Reads what is at hand into `array` from its byte `start` on; 0 at the end or when `array` is full.
  package func read<Scalar: BitwiseCopyable>(into array: inout [Scalar], fromByte start: Int) throws(DataError) -> Int {
    let space = array.count * MemoryLayout<Scalar>.stride - start
    guard space > 0 else { return 0 }
    if inflater != nil { return try readInflated(into: &array, fromByte: start) }
    guard head < tail else { return try Self.read(input, into: &array, fromByte: start) }
    let count = min(space, tail - head)
    let bytes = chunk[head..<head + count]
    unsafe array.withUnsafeMutableBytes { target in
      // Safety: `count` is at most the bytes of `array` behind `start`; every bit pattern is a valid scalar.
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[start..<start + count]).copyBytes(from: bytes)
    }
    head += count
    return count
  }

  private func readInflated<Scalar: BitwiseCopyable>(
    into array: inout [Scalar], fromByte start: Int
  ) throws(DataError) -> Int {
    guard let inflater else { return 0 }
    while true {
      if head == tail {
        head = 0
        tail = try Self.read(input, into: &chunk, fromByte: 0)
        if tail == 0 {
          if isBetweenMembers { return 0 }
          throw DataError(name, .corruptCompression("the compressed data ends too early"))
        }
      }
      if isBetweenMembers {
        inflater.restart()
        isBetweenMembers = false
      }
      let outcome = unsafe chunk.withUnsafeBytes { source in
        unsafe array.withUnsafeMutableBytes { target in
          // Safety: both ranges lie within their arrays.
          unsafe inflater.inflate(
            UnsafeRawBufferPointer(rebasing: source[head..<tail]),
            into: UnsafeMutableRawBufferPointer(rebasing: target[start...]))
        }
      }
      guard let outcome else {
        throw DataError(name, .corruptCompression("the compressed data is damaged"))
      }
      head += outcome.consumed
      isBetweenMembers = outcome.memberEnded
      if outcome.produced > 0 { return outcome.produced }
    }
  }

  private static func read<Scalar: BitwiseCopyable>(
    _ input: InputFile, into array: inout [Scalar], fromByte start: Int
  ) throws(DataError) -> Int {
    let result: Result<Int, DataError> = unsafe array.withUnsafeMutableBytes { target in
      // Safety: the range lies within the array; every bit pattern is a valid scalar.
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...])
      do throws(DataError) { return .success(try unsafe input.read(into: free)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension ByteStream {
  /// Reads exactly `count` scalars, and no more may follow.
  ///
  /// - Parameters:
  ///   - count: The scalars that the header announces.
  ///   - headerByteCount: The bytes already read.
  /// - Throws: ``DataError`` if the stream is shorter or longer; memory is taken only for bytes that can come.
  package func readAll<Scalar: BitwiseCopyable>(
    _ count: Int, of zero: Scalar, afterHeader headerByteCount: Int
  ) throws(DataError) -> [Scalar] {
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    let (expected, isTooLong) = bytes.addingReportingOverflow(headerByteCount)
    guard !isTooLarge, !isTooLong else { throw DataError(name, .tooLarge(what: "the data", limit: "2^63 bytes")) }
    if let byteCount, byteCount < expected { throw DataError(name, .truncated(expected: expected, found: byteCount)) }
    var scalars: [Scalar] = []
    var filled = 0
    while filled < bytes {
      // Where the size is unknown memory at most doubles, so that a false header cannot claim it by itself.
      let next = byteCount == nil ? min(count, max(1 << 20, scalars.count * 2)) : count
      scalars.append(contentsOf: repeatElement(zero, count: next - scalars.count))
      let came = try fill(&scalars, fromByte: filled)
      filled += came
      guard filled == scalars.count * MemoryLayout<Scalar>.stride else {
        throw DataError(name, .truncated(expected: expected, found: headerByteCount + filled))
      }
    }
    var probe: [UInt8] = [0]
    guard try fill(&probe) == 0 else { throw DataError(name, .trailingBytes(expected: expected)) }
    return scalars
  }
}
