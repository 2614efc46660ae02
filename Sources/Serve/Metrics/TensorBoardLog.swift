package import Foundation
import Synchronization

/// Writes how models do as event files for TensorBoard, a folder for each model.
///
/// A figure that cannot be written is left out: a full disk must not stop the training it reports on.
public final class TensorBoardLog: Sendable {
  private struct File {
    let handle: FileHandle
    var lastVersion: UInt64?
  }

  private let folder: String
  private let files = Mutex<[String: File]>([:])

  /// A log below `folder`, which is created if it is not there.
  ///
  /// - Throws: ``DataError`` if it cannot be.
  public init(folder: String) throws(DataError) {
    self.folder = folder
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw DataError(folder, .cannotCreate(error.localizedDescription))
    }
  }

  /// Adds a point for each of `models` that has learned since the last one.
  public func write(_ models: [ServedModel]) {
    for model in models { write(model.name, version: model.version, model.figures) }
  }

  /// Adds a point for the model `name`, unless it is still at the version of the last one.
  package func write(_ name: String, version: UInt64, _ figures: ModelFigures, at time: Date = .now) {
    guard figures.counts.batches > 0 else { return }
    files.withLock { files in
      guard var file = files[name] ?? open(name, at: time), file.lastVersion != version else { return }
      let scalars =
        [("loss", figures.window.loss), ("examples_per_s", figures.rate)]
        + figures.window.named.map { ($0.name, $0.value) }
      let event = TensorBoardEvent.scalars(
        scalars.map { ($0.0, Float($0.1)) }, step: version, time: time.timeIntervalSince1970)
      try? file.handle.write(contentsOf: event.record)
      file.lastVersion = version
      files[name] = file
    }
  }

  private func open(_ name: String, at time: Date) -> File? {
    let place = "\(folder)/\(name)"
    try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let host = ProcessInfo.processInfo.hostName
    let path = "\(place)/events.out.tfevents.\(Int(time.timeIntervalSince1970)).\(host)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    guard let handle = FileHandle(forWritingAtPath: path) else { return nil }
    try? handle.write(contentsOf: TensorBoardEvent.fileVersion(time: time.timeIntervalSince1970).record)
    return File(handle: handle)
  }
}
