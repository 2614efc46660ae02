import Foundation

/// What a process holds of the machine's memory.
public enum ProcessMemory {
  /// The bytes that the process number `id` has in memory.
  public static func residentByteCount(of id: Int32) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(id)/smaps_rollup", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("Rss:") }
    return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
  }
}
