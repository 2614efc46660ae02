import Files

/// Bytes to read: a file, standard input, or an array.
package final class InputFile {
  /// The path, or what the input is called in messages.
  package let name: String
  /// How many bytes there are, where that is known before reading.
  package let byteCount: Int?

  /// Where bytes come from; nil if they are in memory.
  private let file: ReadableFile?
  private let stop: StopRequest?
  private var memory: [UInt8] = []
  private var memoryOffset = 0

  /// How many milliseconds may pass before a wish to stop is noticed.
  private static let patience: Int32 = 100

  /// Opens the file at `path`; `hint` says how to get it if it is missing.
  package init(path: String, hint: String = "") throws(DataError) {
    let file: ReadableFile
    do throws(FileError) { file = try ReadableFile(path) } catch {
      throw DataError(path, .unreadable(error.reason, hint: hint))
    }
    guard file.kind != .folder else { throw DataError(path, .unreadable("it is a folder", hint: hint)) }
    name = path
    byteCount = file.byteCount
    self.file = file
    stop = nil
  }

  /// Reads what is already in memory.
  package init(bytes: [UInt8], name: String) {
    self.name = name
    byteCount = bytes.count
    file = nil
    stop = nil
    memory = bytes
  }

  private init(_ file: ReadableFile, until stop: StopRequest?) {
    name = file.path
    byteCount = nil
    self.file = file
    self.stop = stop
  }

  /// Standard input, which ends early when `stop` is requested.
  package static func standardInput(until stop: StopRequest?) -> InputFile { InputFile(.standardInput, until: stop) }

  /// Reads up to `bytes.count` bytes; 0 at the end.
  @unsafe package func read(into bytes: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    // Safety: never writes more than `bytes.count` bytes to `bytes`.
    guard bytes.count > 0 else { return 0 }
    guard let file else {
      let count = min(bytes.count, memory.count - memoryOffset)
      let range = memoryOffset..<memoryOffset + count
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[0..<count]).copyBytes(from: memory[range])
      memoryOffset += count
      return count
    }
    while waitForInput(from: file) {
      do throws(FileError) {
        if let count = try unsafe file.read(into: bytes) { return count }
      } catch {
        throw DataError(name, .inputOutput("reading failed: \(error.reason)"))
      }
    }
    return 0
  }

  /// True if a read would not wait.
  package var isReady: Bool { file?.isReady() ?? true }

  /// Waits until something can be read; false once a stop is requested.
  private func waitForInput(from file: ReadableFile) -> Bool {
    guard let stop else { return true }
    while !stop.isRequested {
      if file.isReady(within: Self.patience) { return true }
    }
    return false
  }
}
