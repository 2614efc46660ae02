import NIOCore
#if TLS
  import NIOSSL
#endif

/// How a server encrypts its connections: TLS 1.3 with a certificate that clients check.
///
/// Unix sockets, which no other machine reaches, are not encrypted. Without the package's trait `TLS` there is none.
public struct ServerTLS: Sendable {
  #if TLS
    private let context: NIOSSLContext
  #endif

  /// A server with the certificates in the file at `certificate`, its own first, then those that lead to an authority,
  /// and with the key in the file at `key`, all in PEM.
  public init(certificate: String, key: String) throws(TLSError) {
    #if TLS
      let chain = try TLSFiles.certificates(certificate)
      let key = try TLSFiles.privateKey(key)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv13
      configuration.shutdownTimeout = .seconds(1)
      do { context = try NIOSSLContext(configuration: configuration) } catch {
        throw .unusable(file: certificate, reason: "certificate and key do not belong together (\(error))")
      }
    #else
      throw .notBuilt
    #endif
  }

  /// Encrypts `channel`, to which nothing was added before and which was accepted at `address`, on its event loop.
  func secure(_ channel: any Channel, at address: Address) throws {
    #if TLS
      guard case .tcp = address else { return }
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
    #endif
  }
}
