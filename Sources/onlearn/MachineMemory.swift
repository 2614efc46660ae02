import FoundationEssentials

/// What memory there is.
enum MachineMemory {
  /// The bytes that processes here may take together: those of the machine, or of the container around them.
  static let byteCount: Int = {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let container = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
    return min(machine, container.flatMap { Int($0.filter { !$0.isWhitespace }) } ?? machine)
  }()

  /// What a server gives its models if nothing else is said, where `servers` share the machine: the rest is for
  /// messages, snapshots, and others.
  static func forModels(servers: Int = 1) -> Int { byteCount / 4 * 3 / servers }
}
