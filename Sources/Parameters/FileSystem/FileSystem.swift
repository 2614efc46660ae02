package import Kernels

/// What a store needs of a file system, so that tests can make every step of it fail.
package protocol FileSystem: Sendable {
  /// Creates the file at `path`; one that was left there is gone.
  ///
  /// It has the permissions of the file at `old`, whose name it will take, if that is there.
  func create(_ path: String, inPlaceOf old: String) throws(FileError) -> any FileWriter

  /// Gives the file at `path` the name `newPath`, in place of a file that had it.
  func rename(_ path: String, to newPath: String) throws(FileError)

  /// Makes the names in the folder of `path` durable.
  func syncFolder(of path: String) throws(FileError)

  /// Removes the file at `path`, if it is there.
  func remove(_ path: String)
}

/// A file that is being written, from its beginning on.
package protocol FileWriter: AnyObject {
  /// Appends `bytes`.
  func append(_ bytes: MemoryView<UInt8>) throws(FileError)

  /// Replaces the first bytes, which have been written already.
  func replaceBeginning(with bytes: MemoryView<UInt8>) throws(FileError)

  /// Makes what was written durable.
  func sync() throws(FileError)

  /// Ends writing. Called once, last, whatever happened before.
  func close() throws(FileError)
}
