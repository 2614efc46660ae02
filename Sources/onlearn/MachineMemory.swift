import ArgumentParser
import FoundationEssentials

/// What memory there is.
enum MachineMemory {
  /// The bytes that processes here may take together: those of the machine, or of the container around them.
  static let byteCount: Int = {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let container = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
    return min(machine, container.flatMap { Int($0.filter { !$0.isWhitespace }) } ?? machine)
  }()

  /// What a server gives its models: `mebibytes`, or what it should if nothing is said and `servers` share the machine. The
  /// rest is for messages, snapshots, and others.
  static func forModels(servers: Int = 1, mebibytes: Int?) -> Int {
    mebibytes.map { $0 << 20 } ?? byteCount / 4 * 3 / servers
  }

  /// Checks what was given as `--max-memory`.
  static func check(_ mebibytes: Int?) throws {
    guard let mebibytes, !(1...1 << 30).contains(mebibytes) else { return }
    throw ValidationError("--max-memory must be between 1 and \(1 << 30).")
  }
}
