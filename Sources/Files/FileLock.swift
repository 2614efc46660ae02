import Glibc

/// A file that nobody else has as long as the object lives, in this process or another one; it is removed with the
/// object.
///
/// The lock goes with the process, however that ends, so nobody has a file that was left by one that was killed. Where
/// a file system knows no locks, several may have the file.
package final class FileLock: Sendable {
  // Safety: the calls of the system take the path as a string that lives as long as the call, and fill structures of
  // ours; the descriptor is open as long as the object lives.

  /// The number of the open file.
  let descriptor: Int32
  private let path: String

  private init(_ descriptor: Int32, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    if hasItsName { remove() }
    close(descriptor)
  }

  /// Takes the file at `path`, which is created unless it is there; nil if somebody else has it.
  package static func take(_ path: String) throws(FileError) -> FileLock? {
    while true {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw FileError(path, .create, code: errno) }
      guard let file = locked(descriptor, path) else { return nil }
      // Who had it may have removed it meanwhile.
      if file.hasItsName { return file }
    }
  }

  /// Creates the file at `path`, in the place of one that was left there; nil if somebody has that.
  static func create(_ path: String, permissions: UInt32) throws(FileError) -> FileLock? {
    while true {
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
      if descriptor >= 0 {
        // Until it was locked, others could take it for one that was left.
        if let file = locked(descriptor, path), file.hasItsName { return file }
      } else {
        let code = errno
        guard code == EEXIST else { throw FileError(path, .create, code: code) }
        guard removeLeft(path) else { return nil }
      }
    }
  }

  /// Removes the file at `path` unless somebody has it; false if it stays.
  private static func removeLeft(_ path: String) -> Bool {
    // Opening it does not wait, whatever it is.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT }
    guard let file = locked(descriptor, path, whereLocksAreUnknown: false) else { return false }
    guard file.hasItsName else { return true }
    return file.remove()
  }

  /// Locks the open file `descriptor`; closes it if somebody else has locked it.
  ///
  /// - Parameter isLockedAnyway: Whether it counts as locked where the file system knows no locks.
  private static func locked(
    _ descriptor: Int32, _ path: String, whereLocksAreUnknown isLockedAnyway: Bool = true
  ) -> FileLock? {
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || isLockedAnyway && errno != EWOULDBLOCK else {
      close(descriptor)
      return nil
    }
    return FileLock(descriptor, path)
  }

  /// Whether the file is still at its path, not removed and not put in another one's place.
  private var hasItsName: Bool {
    var file = stat()
    var named = stat()
    guard unsafe fstat(descriptor, &file) == 0 else { return false }
    guard unsafe lstat(path, &named) == 0 else { return false }
    return file.st_dev == named.st_dev && file.st_ino == named.st_ino
  }

  /// Removes the file; false if that is not possible.
  @discardableResult private func remove() -> Bool { unsafe unlink(path) == 0 }
}
