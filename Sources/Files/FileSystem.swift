package import Kernels

/// What a store needs of a file system, so that tests can make every step of it fail.
package protocol FileSystem: Sendable {
  /// Creates a file beside the one at `path`, whose place it is to take; nobody else writes to it.
  ///
  /// What a process that was killed has left there is removed. It has the permissions of the file at `path`; if there
  /// is none, `permissions` as far as the process grants them.
  func createReplacement(ofFileAt path: String, permissions: UInt32) throws(FileError) -> any FileReplacement

  /// Makes the names in the folder of `path` durable.
  func syncFolder(of path: String) throws(FileError)

  /// Takes the file at `path`, which nobody else gets then; nil if somebody else has it.
  func lock(_ path: String) throws(FileError) -> FileLock?
}

/// A file that is being written, from its beginning on.
package protocol FileWriter: AnyObject {
  /// Appends `bytes`.
  func append(_ bytes: MemoryView<UInt8>) throws(FileError)

  /// Ends writing. Called once, whatever happened before.
  func close() throws(FileError)
}

/// A file that takes another one's place when it is written.
package protocol FileReplacement: FileWriter {
  /// Replaces the first bytes, which have been written already.
  func replaceBeginning(with bytes: MemoryView<UInt8>) throws(FileError)

  /// Makes what was written durable.
  func sync() throws(FileError)

  /// Takes the other file's name, and its place if there is one. Called after ``FileWriter/close()``.
  func putInPlace() throws(FileError)

  /// Removes the file, which has not taken the other one's place.
  func remove()
}
