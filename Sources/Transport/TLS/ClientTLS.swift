import NIOCore
import Wire
#if TLS
  import NIOSSL
#endif

/// How a client encrypts its connections, and whose word it takes for who a server is: TLS 1.3, and a certificate of the
/// name or number by which the server is reached.
///
/// Unix sockets, which no other machine reaches, are not encrypted. Without the package's trait `TLS` there is none.
public struct ClientTLS: Sendable {
  #if TLS
    private let context: NIOSSLContext
  #endif

  /// A client that trusts the authorities in the PEM file at `authorities`, or those that this machine trusts.
  public init(authorities: String? = nil) throws(TLSError) {
    #if TLS
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.minimumTLSVersion = .tlsv13
      configuration.shutdownTimeout = .seconds(1)
      if let authorities { configuration.trustRoots = .certificates(try TLSFiles.certificates(authorities)) }
      do { context = try NIOSSLContext(configuration: configuration) } catch {
        throw .unusable(file: authorities ?? "the list of authorities", reason: "\(error)")
      }
    #else
      throw .notBuilt
    #endif
  }

  /// Encrypts `channel`, to which nothing was added before and which will be connected to `address`, on its event loop.
  func secure(_ channel: any Channel, to address: Address) throws {
    #if TLS
      guard case .tcp(let host, _) = address else { return }
      // The number of a server is compared with the one that is connected to.
      let isNumber = (try? SocketAddress(ipAddress: host, port: 0)) != nil
      try channel.pipeline.syncOperations.addHandler(
        NIOSSLClientHandler(context: context, serverHostname: isNumber ? nil : host))
    #endif
  }

  /// What an error in a channel says about the connection, if it is one of encryption.
  static func connectionError(_ error: any Error) -> ConnectionError? {
    #if TLS
      switch error {
      case NIOSSLError.uncleanShutdown, NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
        return .closedByServer
      case NIOSSLError.handshakeFailed(let error):
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
          return .notSecure(reason: "its certificate is of no authority that is trusted here, or has expired")
        }
        if text.contains("WRONG_VERSION_NUMBER") { return .notSecure(reason: "it does not speak TLS") }
        return .notSecure(reason: text)
      case let error as NIOSSLError: return .notSecure(reason: "\(error)")
      case let error as NIOSSLExtraError where error == .failedToValidateHostname:
        return .notSecure(reason: "its certificate is not for the address by which it was reached")
      case let error as NIOSSLExtraError: return .notSecure(reason: "\(error)")
      default: return nil
      }
    #else
      return nil
    #endif
  }
}
