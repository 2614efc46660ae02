/// Cuts a stream of bytes into lines, without copying them.
///
/// A line ends with a newline, with or without a carriage return before it, or with the stream. A byte order mark at
/// the start is dropped, and so are lines without anything but spaces. A line of tabs is none of these: it has fields,
/// all of them empty.
package struct LineReader {
  /// The memory lines lie in; a range from ``next()`` is good until the next call.
  package private(set) var bytes: [UInt8]
  /// The number of the last line given, from 1.
  package private(set) var lineNumber = 0

  private let stream: ByteStream
  private var head = 0
  private var scanned = 0
  private var tail = 0
  private var isAtEnd = false
  private var held: Range<Int>?

  /// A longer line is an error: 16 MiB.
  package static let longestLine = 1 << 24

  /// Reads `stream` through a buffer of `byteCount` bytes, which grows if a line needs it.
  package init(_ stream: ByteStream, byteCount: Int = 1 << 18) {
    self.stream = stream
    bytes = [UInt8](repeating: 0, count: byteCount)
  }

  /// What messages call the stream.
  package var name: String { stream.name }

  /// The next line that is not blank, as a range of ``bytes``; nil at the end.
  package mutating func next() throws(DataError) -> Range<Int>? {
    if let held {
      self.held = nil
      return held
    }
    while let line = try nextOfAnyKind() {
      if !line.allSatisfy({ bytes[$0] == 0x20 }) { return line }
    }
    return nil
  }

  /// Lets ``next()`` give `line`, the one it gave last, once more.
  package mutating func putBack(_ line: Range<Int>) { held = line }

  /// True if a line can be had without waiting.
  package mutating func hasLine() -> Bool {
    if held != nil || isAtEnd || stream.isReady { return true }
    return findNewline()
  }

  private mutating func nextOfAnyKind() throws(DataError) -> Range<Int>? {
    while !findNewline() {
      if isAtEnd {
        guard head < tail else { return nil }
        return take(upTo: tail, next: tail)
      }
      try refill()
    }
    return take(upTo: scanned, next: scanned + 1)
  }

  /// Moves `scanned` to the next newline, if there is one.
  private mutating func findNewline() -> Bool {
    while scanned < tail {
      if bytes[scanned] == 0x0a { return true }
      scanned += 1
    }
    return false
  }

  private mutating func take(upTo end: Int, next: Int) -> Range<Int> {
    var start = head
    var end = end
    if lineNumber == 0, end - start >= 3, bytes[start] == 0xef, bytes[start + 1] == 0xbb, bytes[start + 2] == 0xbf {
      start += 3
    }
    if end > start, bytes[end - 1] == 0x0d { end -= 1 }
    lineNumber += 1
    head = next
    scanned = next
    return start..<end
  }

  private mutating func refill() throws(DataError) {
    if head > 0 {
      let kept = tail - head
      for index in 0..<kept { bytes[index] = bytes[head + index] }
      (head, scanned, tail) = (0, scanned - head, kept)
    }
    if tail == bytes.count {
      guard bytes.count < Self.longestLine else {
        throw DataError(stream.name, .tooLarge(what: "line \(lineNumber + 1)", limit: "\(Self.longestLine) bytes"))
      }
      bytes.append(contentsOf: repeatElement(0, count: bytes.count))
    }
    let count = try stream.read(into: &bytes, fromByte: tail)
    if count == 0 { isAtEnd = true }
    tail += count
  }
}
