import Files
package import Wire

/// Moves what a cluster has learned to another number of servers, none of which runs.
package struct Resharding {
  /// The shards, in order.
  private let cores: [ServerCore]

  /// Reads the stores of all shards of a cluster, in any order, and changes nothing.
  ///
  /// - Throws: ``StoreFolderError``, for stores that are not of one cluster, whose server did not stop in order, or that
  ///   are not at the same point.
  package init(_ folders: [any StoreFolder]) throws(StoreFolderError) {
    var cores: [Int: ServerCore] = [:]
    for folder in folders {
      let (identity, contents) = try Store.read(folder)
      guard contents.finding.isClean else {
        throw .unusable(
          problem: "the server of '\(folder.path)' did not stop in order; start it again and stop it with SIGTERM")
      }
      guard identity.shards == folders.count, cores[identity.shard] == nil else {
        throw .foreign(
          problem:
            "'\(folder.path)' has shard \(identity.shard) of \(identity.shards), but \(folders.count) folders are "
            + "named; name each shard of one cluster once")
      }
      cores[identity.shard] = contents.core
    }
    self.cores = cores.sorted { $0.key < $1.key }.map(\.value)
    let disagreements = ServerCore.disagreements(of: self.cores)
    guard disagreements.isEmpty else {
      throw .unusable(
        problem:
          "the servers stopped at different points; start them again, wait with 'onlearn ps drain', and stop them:\n"
          + disagreements.joined(separator: "\n"))
    }
  }

  /// Writes the store of shard `shard` of `shards` into the empty folder `folder`, as a server leaves it that stops in
  /// order.
  ///
  /// - Parameters:
  ///   - id: Names the new store.
  ///   - time: Tells the seconds since 1970, for the records.
  package func write(
    shard: Int, of shards: Int, id: Identifier, into folder: any StoreFolder,
    segmentByteCount: Int = Store.segmentByteCount, time: @escaping () -> UInt32 = SystemFolder.secondsSince1970
  ) throws(StoreFolderError) {
    var configuration = ServerCore.Configuration()
    (configuration.shard, configuration.shards) = (shard, shards)
    var core: ServerCore
    do throws(Refusal) { core = try ServerCore(resharding: cores, configuration, now: Instant()) } catch {
      throw .unusable(problem: error.text)
    }
    guard let lsn = core.beginSnapshot() else { throw .unusable(problem: "there is no memory for shard \(shard)") }
    let identity = StoreIdentity(id: id, shard: shard, shards: shards)
    do throws(FileError) {
      let writer = SnapshotWriter(folder, identity, lsn: lsn, spares: nil)
      var progress = try writer.begin()
      while let chunk = core.nextSnapshotChunk() { try writer.write(chunk, &progress) }
      _ = try writer.finish(progress, behind: nil)
      let position = LogWriter.Position(lastLSN: lsn)
      try LogWriter(folder, identity, at: position, segmentByteCount: segmentByteCount, time: time).close()
    } catch {
      throw .system(error)
    }
  }

  /// Reads the stores in the folders `sources` and writes `count` others into `target`, a folder that there is not yet
  /// and that is there afterwards with all of them, `0`, `1`, …, or not at all.
  package static func reshard(_ sources: [String], to count: Int, in target: String) throws(StoreFolderError) {
    guard !SystemFolder.exists(target) else { throw .unusable(problem: "there is a folder '\(target)' already") }
    let unfinished = target + ".unfinished"
    guard !SystemFolder.exists(unfinished) else {
      throw .unusable(problem: "'\(unfinished)' is left of an earlier try; remove it")
    }
    let folders = try StoreFolderError.wrapping { () throws(FileError) in
      try sources.map { (path) throws(FileError) -> any StoreFolder in try SystemFolder(path, mayCreate: false) }
    }
    let resharding = try Resharding(folders)
    let root = try StoreFolderError.wrapping { () throws(FileError) in try SystemFolder(unfinished) }
    var generator = SystemRandomNumberGenerator()
    for shard in 0..<count {
      let folder = try StoreFolderError.wrapping { () throws(FileError) in try SystemFolder("\(unfinished)/\(shard)") }
      try resharding.write(shard: shard, of: count, id: Identifier(using: &generator), into: folder)
    }
    try StoreFolderError.wrapping { () throws(FileError) in
      try root.sync()
      try SystemFolder.move(unfinished, to: target)
    }
  }
}
