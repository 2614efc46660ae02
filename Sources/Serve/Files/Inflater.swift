import CZlib

/// Decompresses one stream, piece by piece; of gzip it also checks the checksum.
@safe package final class Inflater {
  /// What comes around the compressed bytes.
  package enum Format: Int32 {
    /// Nothing, as in a zip archive.
    case raw = -15
    /// Header and checksum.
    case gzip = 31
  }

  /// What one call achieved.
  package struct Outcome {
    /// Compressed bytes used up.
    package var consumed: Int
    /// Bytes written.
    package var produced: Int
    /// The stream, or a member of it, ended; gzip's checksum is correct.
    package var memberEnded: Bool
  }

  /// Safety: zlib keeps the address of its state, so it lives in memory of its own, freed with this object.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Starts at the first byte of a stream.
  package init(_ format: Format = .gzip) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let code = unsafe inflateInit2_(stream, format.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib could not start: \(code)")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Gets ready for another member that follows.
  package func restart() {
    unsafe inflateReset(stream)
  }

  /// Decompresses from `input` into `output`, as far as both last; nil where the bytes are not valid.
  @unsafe package func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Outcome?
  {
    // Safety: zlib reads and writes within the two counts; both buffers outlive the call, which is all it keeps.
    let (inputCount, outputCount) = (min(input.count, 1 << 30), min(output.count, 1 << 30))
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(inputCount)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(outputCount)
    let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
    let consumed = unsafe inputCount - Int(stream.pointee.avail_in)
    let produced = unsafe outputCount - Int(stream.pointee.avail_out)
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { return nil }
    return Outcome(consumed: consumed, produced: produced, memberEnded: code == Z_STREAM_END)
  }
}
