import NIOCore

/// Where a service listens: a host and a port, or the path of a Unix domain socket.
public enum Address: Hashable, Sendable {
  /// A TCP port of a host, by name or number; port 0 is any free one.
  case tcp(host: String, port: Int)
  /// A socket in the file system.
  case unix(path: String)

  /// The longest path of a socket.
  private static let pathLimit = 107

  /// The address that is written as `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
  public init(_ text: String) throws(AddressError) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst("unix:".count))
      guard !path.isEmpty else { throw AddressError(text: text, reason: "no path follows 'unix:'") }
      guard path.utf8.count <= Self.pathLimit else {
        throw AddressError(text: text, reason: "the path has \(path.utf8.count) bytes; at most \(Self.pathLimit) fit")
      }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":") else {
      throw AddressError(text: text, reason: "no port; write HOST:PORT or unix:PATH")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw AddressError(text: text, reason: "write an IPv6 address in brackets, as in [::1]:7070")
    }
    guard !host.isEmpty else { throw AddressError(text: text, reason: "no host before the port") }
    guard let port = UInt16(text[text.index(after: colon)...]) else {
      throw AddressError(text: text, reason: "the port is not a number from 0 to 65535")
    }
    self = .tcp(host: String(host), port: Int(port))
  }

  /// The addresses that are written with commas between them.
  public static func list(_ text: some StringProtocol) throws(AddressError) -> [Address] {
    try text.split(separator: ",", omittingEmptySubsequences: false)
      .map { (address) throws(AddressError) in try Address(String(address)) }
  }

  /// Whether it stands for all addresses of a machine: one can listen there, but nobody is reached by it from elsewhere.
  public var isWildcard: Bool {
    guard case .tcp(let host, let port) = self, let number = try? SocketAddress(ipAddress: host, port: port) else {
      return false
    }
    return number.ipAddress == "0.0.0.0" || number.ipAddress == "::"
  }

  /// The socket address; a host's name is looked up.
  ///
  /// It waits for the look-up, so it must not be called on an event loop's thread.
  func resolved() throws -> SocketAddress {
    switch self {
    case .tcp(let host, let port): try SocketAddress.makeAddressResolvingHost(host, port: port)
    case .unix(let path): try SocketAddress(unixDomainSocketPath: path)
    }
  }

  /// The address that a listening socket has got.
  init(_ address: SocketAddress, else other: Address) {
    if let host = address.ipAddress, let port = address.port {
      self = .tcp(host: host, port: port)
    } else {
      self = other
    }
  }
}

extension Address: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// A text that is no address.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text.
  public var text: String
  /// What is wrong with it.
  public var reason: String

  public var description: String { "'\(text)' is no address: \(reason)" }
}

extension SocketAddress {
  /// Whether only processes of this machine can connect.
  var isLocal: Bool {
    switch self {
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1"
    case .unixDomainSocket: true
    }
  }
}
