import Foundation
import Testing

/// A disk of 8 MiB in memory, which only a process of ours has mounted; we reach it through that process.
final class SmallDisk {
  private let holder: RunningServer
  private let place: String

  /// Whether the system lets us mount one.
  static let isPossible: Bool = {
    guard let folder = try? CommandFolder() else { return false }
    return HelperCommand.succeeds(mounting(folder.path, "true"))
  }()

  /// Why a test is not run.
  static let reason = "needs the right to mount a file system, as root or in a user name space"

  private static func mounting(_ path: String, _ command: String) -> [String] {
    let mapping = getuid() == 0 ? [] : ["--map-root-user"]
    return ["/usr/bin/env", "unshare", "--mount"] + mapping
      + ["sh", "-c", "mount -t tmpfs -o size=8m onlearn '\(path)' && \(command)"]
  }

  /// Mounts one.
  init(in folder: CommandFolder) async throws {
    place = "\(folder.path)/disk"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    holder = try RunningServer(
      command: Self.mounting(place, "echo mounted at $$ && exec sleep 36000"), log: "disk.log", in: folder)
    _ = try await holder.value(after: "mounted at ")
  }

  /// Where it is.
  var path: String { "/proc/\(holder.id)/root\(place)" }

  private var filler: String { "\(path)/filler" }
  private var rest: String { "\(path)/rest" }

  /// Takes 3 MiB of it, if there are as many.
  func shrink() throws { try write(to: filler, atMost: 3 << 20) }

  /// Takes all that is left.
  func fill() throws { try write(to: rest, atMost: .max) }

  /// Writes a file until it has `limit` bytes or finds no room.
  private func write(to file: String, atMost limit: Int) throws {
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    defer { try? handle.close() }
    let piece = Data(repeating: 1, count: 4096)
    var count = 0
    while count < limit, (try? handle.write(contentsOf: piece)) != nil { count += piece.count }
  }

  /// Gives back what ``shrink()`` and ``fill()`` took.
  func free() throws { for path in [filler, rest] { try FileManager.default.removeItem(atPath: path) } }
}
