import Foundation
import Testing

/// Two machines with a cable between them: network name spaces, which only processes of ours are in.
final class TwoMachines {
  private let holder: RunningServer
  private let other: String

  /// The address of the second one; the first one reaches it.
  static let address = "10.77.0.2"
  private static let ownAddress = "10.77.0.1"
  private static let cable = "cable"

  /// Whether the system lets us make them.
  static let isPossible = HelperCommand.succeeds(
    separated + ["ip", "link", "add", cable, "type", "veth", "peer", "name", "end"])

  /// Why a test is not run.
  static let reason = "needs iproute2 and the right to make networks, as root or in a user name space"

  /// A command that follows runs in a network of its own.
  private static let separated = ["/usr/bin/env", "unshare", "--net"] + (getuid() == 0 ? [] : ["--map-root-user"])

  /// Makes them.
  init(in folder: CommandFolder) async throws {
    let script = """
      unshare --net sleep 36000 & other=$!
      trap "kill -KILL $other" EXIT
      trap exit TERM INT
      while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
      ip link add \(Self.cable) type veth peer name end
      ip link set end netns $other
      ip address add \(Self.ownAddress)/24 dev \(Self.cable)
      ip link set \(Self.cable) up
      nsenter --net --target $other sh -c "ip link set lo up; ip link set end up; ip address add \(Self.address)/24 dev end"
      echo "the other is $other there"
      wait $other
      """
    holder = try RunningServer(
      command: Self.separated + ["sh", "-c", script], log: "machines.log", in: folder)
    other = try await holder.value(after: "the other is ")
  }

  deinit { _ = holder.stop() }

  /// A command that follows runs on the first machine, or on the second one.
  func command(onSecond: Bool) -> [String] { enter(onSecond ? other : "\(holder.id)") }

  private func enter(_ target: String) -> [String] {
    ["/usr/bin/env", "nsenter", "--net", "--target", target]
      + (getuid() == 0 ? [] : ["--user", "--preserve-credentials"])
  }

  /// Puts the cable in, or out.
  func plug(_ isIn: Bool) throws {
    try #require(
      HelperCommand.succeeds(command(onSecond: false) + ["ip", "link", "set", Self.cable, isIn ? "up" : "down"]))
  }
}
