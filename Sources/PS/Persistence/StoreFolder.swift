package import Files
package import NIOCore

/// The folder of a store, as the log and the snapshots use it; tests put one in its place whose every step can fail.
///
/// Nothing is durable before it is synced: the bytes of a file by the file's ``StoreFile/sync()``, names by the folder's.
package protocol StoreFolder: Sendable {
  /// Where it is, for messages.
  var path: String { get }

  /// The names in it, in any order.
  func names() throws(FileError) -> [String]

  /// Creates an empty file; one that has the name is gone.
  func create(_ name: String) throws(FileError) -> any StoreFile

  /// Opens a file that is there, to be read.
  func open(_ name: String) throws(FileError) -> any StoreFile

  /// Opens a file that is there, to be read and changed.
  func openToChange(_ name: String) throws(FileError) -> any StoreFile

  /// Gives a file another name, in place of a file that had it.
  func rename(_ name: String, to newName: String) throws(FileError)

  /// Removes a file.
  func remove(_ name: String) throws(FileError)

  /// Makes the names durable.
  func sync() throws(FileError)
}

/// A file of a ``StoreFolder``.
///
/// It is written by one thread at a time; another may sync it meanwhile.
package protocol StoreFile: AnyObject, Sendable {
  /// Its size.
  var byteCount: Int { get throws(FileError) }

  /// The bytes from `offset` on, `count` of them or as many as there are.
  func read(at offset: Int, count: Int) throws(FileError) -> ByteBuffer

  /// Writes `parts`, one behind the other, from `offset` on. If it throws, any part of them may be there.
  func write(_ parts: [ByteBuffer], at offset: Int) throws(FileError)

  /// Makes the file at least `byteCount` bytes long; what is new is zero, and has its place on the disk.
  func reserve(_ byteCount: Int) throws(FileError)

  /// Cuts off what is behind the first `byteCount` bytes.
  func truncate(to byteCount: Int) throws(FileError)

  /// Makes what was written durable.
  func sync() throws(FileError)
}

extension FileError {
  /// Whether there was no room for what was to be written. A sync that fails is more than that, whatever the reason.
  package var isLackOfRoom: Bool { operation != .sync && SystemFolder.noRoom.contains(code) }
}
