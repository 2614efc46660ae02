/// When a change is acknowledged.
public enum Durability: String, Hashable, Sendable, CaseIterable {
  /// When it is applied. There is no log.
  case none
  /// When the operating system has it, so that it survives the process; it is on disk within a second or two.
  case everySecond = "everysec"
  /// When it is on disk, so that it survives the machine.
  case always
}
