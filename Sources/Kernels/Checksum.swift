import CIntrinsics

/// The checksum of everything that is sent or stored.
public enum Checksum {
  /// The CRC-32C (Castagnoli) of `bytes`, or of what `crc` is the checksum of followed by `bytes`.
  ///
  /// Uses the processor's instructions where there are any.
  public static func crc32c(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return crc }
    // Safety: `start` is the address of `bytes.count` bytes.
    let address = unsafe start.assumingMemoryBound(to: UInt8.self)
    guard hasInstruction else { return unsafe ~portable(~crc, bytes) }
    return unsafe ~hardware(~crc, address, bytes.count)
  }

  /// The CRC-32C (Castagnoli) of `bytes`, or of what `crc` is the checksum of followed by `bytes`.
  public static func crc32c(_ bytes: RawSpan, continuing crc: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe crc32c($0, continuing: crc) }
  }

  /// The CRC-32C (Castagnoli) of `bytes`, or of what `crc` is the checksum of followed by `bytes`.
  public static func crc32c(_ bytes: Span<UInt8>, continuing crc: UInt32 = 0) -> UInt32 {
    // Safety: bytes have no padding.
    unsafe crc32c(bytes.bytes, continuing: crc)
  }

  /// The same without the instruction.
  package static func portableCRC32C(_ bytes: Span<UInt8>, continuing crc: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe ~portable(~crc, $0) }
  }

  private static let hasInstruction = onlearn_has_crc32c() != 0
  private static let hasFolding = onlearn_has_crc32c_folding() != 0
  private static let hasBoth = onlearn_has_fast_crc32c_both() != 0

  /// The bytes of a block of which products of vectors check one half, and the instruction the other.
  private static let block = Int(ONLEARN_CRC32C_BLOCK)

  /// The bytes of one of the three runs that are checked at the same time.
  private static let run = 1360

  /// Products of long vectors where the processor has them, with the instruction beside them where that is faster. Else
  /// three runs of each block side by side, as the instruction takes three cycles but one starts in each.
  private static func hardware(_ state: UInt32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    var (state, place) = (state, 0)
    // Safety: every block and the rest lie within `count` bytes; `lanes` has three words.
    while hasBoth, count - place >= block {
      state = unsafe onlearn_crc32c_both(state, bytes + place)
      place += block
    }
    if hasFolding, count - place >= 256 {
      let length = (count - place) & ~255
      state = unsafe onlearn_crc32c_folding(state, bytes + place, length)
      place += length
    }
    while count - place >= 3 * run {
      var lanes: InlineArray<3, UInt32> = [state, 0, 0]
      var span = lanes.mutableSpan
      unsafe span.withUnsafeMutableBufferPointer {
        unsafe onlearn_crc32c_hardware3($0.baseAddress!, bytes + place, run)
      }
      state = CRCShift.byRun.apply(CRCShift.byRun.apply(lanes[0]) ^ lanes[1]) ^ lanes[2]
      place += 3 * run
    }
    return unsafe onlearn_crc32c_hardware(state, bytes + place, count - place)
  }

  /// Eight bytes at a time through eight tables.
  private static func portable(_ state: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var (state, place) = (state, 0)
    let tables = CRCTables.shared
    while bytes.count - place >= 8 {
      // Safety: eight bytes are left.
      let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      state = tables.advance(word ^ UInt64(state))
      place += 8
    }
    while place < bytes.count {
      state = unsafe tables.advance(state, bytes[place])
      place += 1
    }
    return state
  }

  /// What `run` zero bytes do to a CRC, as tables for each of its four bytes.
  private struct CRCShift {
    static let byRun = CRCShift(byteCount: run)

    private let tables: [UInt32]

    private init(byteCount: Int) {
      let zeros = CRCTables.shared
      tables = (0..<4).flatMap { position in
        (0..<256).map { byte in
          var state = UInt32(byte) << UInt32(8 * position)
          for _ in 0..<byteCount { state = zeros.advance(state, 0) }
          return state
        }
      }
    }

    func apply(_ crc: UInt32) -> UInt32 {
      tables[Int(crc & 255)] ^ tables[256 + Int(crc >> 8 & 255)] ^ tables[512 + Int(crc >> 16 & 255)]
        ^ tables[768 + Int(crc >> 24)]
    }
  }
}

/// The tables of slicing by eight: table `t` says what a byte does that `t` zero bytes follow.
private struct CRCTables {
  static let shared = CRCTables()

  private let entries: [UInt32]

  private init() {
    var entries = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var state = UInt32(byte)
      for _ in 0..<8 { state = state & 1 == 0 ? state >> 1 : state >> 1 ^ 0x82F6_3B78 }
      entries[byte] = state
    }
    for place in 256..<entries.count {
      let before = entries[place - 256]
      entries[place] = before >> 8 ^ entries[Int(before & 255)]
    }
    self.entries = entries
  }

  func advance(_ state: UInt32, _ byte: UInt8) -> UInt32 {
    state >> 8 ^ entries[Int(UInt8(truncatingIfNeeded: state) ^ byte)]
  }

  func advance(_ word: UInt64) -> UInt32 {
    var state: UInt32 = 0
    for position in 0..<8 { state ^= entries[(7 - position) << 8 | Int(word >> UInt64(8 * position) & 255)] }
    return state
  }
}
