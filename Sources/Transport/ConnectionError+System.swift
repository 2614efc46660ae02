import Files
import NIOCore
import NIOPosix
import Wire

extension ConnectionError {
  /// `address` cannot be reached, because of what the system or a library says.
  static func unreachable(_ address: Address, _ error: any Error) -> ConnectionError {
    .unreachable(address: "\(address)", reason: words(error))
  }

  /// What the system or a library says, in words.
  static func words(_ error: any Error) -> String {
    switch error {
    case let error as IOError: systemMessage(error.errnoCode)
    case let error as SocketAddressError.UnknownHost: error.errorDescription
    case let error as NIOConnectionError: error.connectionErrors.first.map { words($0.error) } ?? "\(error)"
    default: "\(error)"
    }
  }
}
