import Glibc

/// Zeroed memory that the kernel of the operating system gives whole pages of, freed with its owner.
///
/// For arenas and tables: page-aligned, committed only when touched, and with huge pages, which make touching 100 MB
/// several times cheaper than with `malloc`.
@safe public final class AlignedMemory: @unchecked Sendable {
  // Safety: the address and size never change; who writes through a view keeps others from it, as `MemoryView` says.

  /// The number of bytes.
  public let byteCount: Int

  private let base: UnsafeMutableRawPointer?

  private static let hugePage = 2 << 20

  /// `byteCount` bytes, all zero.
  ///
  /// - Parameter hugePages: Whether to ask for 2 MiB pages; not for memory of which little is touched.
  public convenience init(byteCount: Int, hugePages: Bool = true) {
    self.init(ifAvailable: byteCount, hugePages: hugePages)!
  }

  /// `byteCount` bytes, all zero, or nil if the system has not as much: for sizes that a file or a user states.
  ///
  /// - Parameters:
  ///   - hugePages: Whether to ask for 2 MiB pages; not for memory of which little is touched.
  ///   - isSparse: Whether little of it may ever be touched, so that it may be larger than what the machine has.
  public init?(ifAvailable byteCount: Int, hugePages: Bool = true, isSparse: Bool = false) {
    precondition(byteCount >= 0, "\(byteCount) bytes")
    guard byteCount < 1 << 47 else { return nil }
    self.byteCount = byteCount
    guard byteCount > 0 else {
      unsafe base = nil
      return
    }
    let isHuge = hugePages && byteCount >= Self.hugePage
    let size = Self.mappedByteCount(byteCount)
    // Safety: an anonymous mapping of our own. The part that aligns it to a huge page is returned at once.
    let spare = isHuge ? Self.hugePage : 0
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | (isSparse ? MAP_NORESERVE : 0)
    let start = unsafe mmap(nil, size + spare, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { return nil }
    guard isHuge else {
      unsafe base = start
      return
    }
    let head = (spare - Int(bitPattern: start) % spare) % spare
    if head > 0 { unsafe munmap(start, head) }
    let aligned = unsafe start + head
    if spare > head { unsafe munmap(aligned + size, spare - head) }
    unsafe madvise(aligned, size, MADV_HUGEPAGE)
    unsafe base = aligned
  }

  deinit {
    // Safety: the mapping made by `init`, with its size.
    if let base = unsafe base { unsafe munmap(base, Self.mappedByteCount(byteCount)) }
  }

  private static func mappedByteCount(_ byteCount: Int) -> Int { (byteCount + 4095) & ~4095 }

  /// `count` scalars from `byteOffset` on, which is a multiple of the scalar's alignment.
  ///
  /// The view does not keep the memory alive.
  public func view<Scalar: BitwiseCopyable>(
    of scalar: Scalar.Type, at byteOffset: Int = 0, count: Int
  ) -> MemoryView<Scalar> {
    precondition(byteOffset >= 0 && count >= 0, "\(count) scalars at \(byteOffset)")
    precondition(byteOffset % MemoryLayout<Scalar>.alignment == 0, "misaligned offset \(byteOffset)")
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    precondition(
      !overflow && byteOffset <= byteCount && size <= byteCount - byteOffset,
      "\(count) scalars at \(byteOffset) of \(byteCount) bytes")
    // Safety: checked above; zero bytes are a value of every scalar type kernels use. Without bytes any address does.
    let start = unsafe (base ?? UnsafeMutableRawPointer(bitPattern: 4096)!) + byteOffset
    return unsafe MemoryView(base: start.assumingMemoryBound(to: Scalar.self), count: count)
  }
}
