extension FileSystem {
  /// Replaces the file at `path` by what `body` writes, so that a reader sees the old content or all of the new, never
  /// a part.
  ///
  /// The bytes go to a file beside it, are synced, and take its name. If anything fails the old file stays and the
  /// other one is removed. That the name is a new file's is durable once the folder is synced.
  ///
  /// - Parameter permissions: Those of a file that is not there yet.
  /// - Throws: ``FileError`` if the file system refused something, or what `body` throws.
  package func replace(
    _ path: String, permissions: UInt32, _ body: (any FileReplacement) throws -> Void
  ) throws {
    let file = try createReplacement(ofFileAt: path, permissions: permissions)
    do {
      do {
        try body(file)
        try file.sync()
      } catch {
        try? file.close()
        throw error
      }
      try file.close()
      try file.putInPlace()
    } catch {
      file.remove()
      throw error
    }
  }
}
