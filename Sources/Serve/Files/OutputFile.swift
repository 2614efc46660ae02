import Files
import Glibc
import Kernels

/// Writes files so that a reader sees the old content or all of the new, never a part.
package struct OutputFile: ~Copyable {
  private let path: String
  private let writer: any FileWriter

  private init(path: String, writer: any FileWriter) {
    self.path = path
    self.writer = writer
  }

  /// Replaces the file at `path` with what `body` writes, as ``FileSystem/replace(_:permissions:_:)`` does.
  ///
  /// A symbolic link stays, and where it leads is written. What is not a regular file, such as `/dev/full` or a pipe,
  /// is written in place.
  ///
  /// - Throws: ``DataError`` or what `body` throws; then the old file is still there and no other one.
  package static func replace(_ path: String, with body: (borrowing OutputFile) throws -> Void) throws {
    let target = SystemFiles.resolved(path)
    do {
      guard SystemFiles.kind(target) == .other else {
        return try SystemFiles().replace(target, permissions: 0o666) { try body(OutputFile(path: path, writer: $0)) }
      }
      let writer = try SystemFiles.writer(inPlaceAt: target)
      defer { try? writer.close() }
      try body(OutputFile(path: path, writer: writer))
    } catch let error as FileError {
      throw DataError(path, error)
    }
  }

  /// The same with a `body` that fails in one way only.
  package static func replace(
    _ path: String, _ body: (borrowing OutputFile) throws(DataError) -> Void
  ) throws(DataError) {
    do { try replace(path, with: { file in try body(file) }) } catch {
      throw error as? DataError ?? DataError(path, .inputOutput("\(error)"))
    }
  }

  /// Writes all of `scalars`, in memory order.
  package func write<Scalar: BitwiseCopyable>(_ scalars: [Scalar]) throws(DataError) {
    do throws(FileError) {
      try scalars.withReadOnlyView { (view) throws(FileError) in try writer.append(view.bytes) }
    } catch {
      throw DataError(path, error)
    }
  }
}

extension DataError {
  /// That the file at `path` cannot be written because of `error`.
  fileprivate init(_ path: String, _ error: FileError) {
    switch error.operation {
    case .create where error.code != ENOSPC, .rename: self.init(path, .cannotCreate(error.reason))
    case .sync: self.init(path, .inputOutput("syncing failed: \(error.reason)"))
    default: self.init(path, .inputOutput("writing failed: \(error.reason)"))
    }
  }
}
