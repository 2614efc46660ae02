#if TLS
  import Foundation
  import NIOSSL

  /// Reads what TLS needs from PEM files.
  enum TLSFiles {
    /// The certificates in the file at `path`, at least one.
    static func certificates(_ path: String) throws(TLSError) -> [NIOSSLCertificate] {
      try checkIsThere(path)
      guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
        throw .unusable(file: path, reason: "it has no certificate in PEM")
      }
      return certificates
    }

    /// The private key in the file at `path`.
    static func privateKey(_ path: String) throws(TLSError) -> NIOSSLPrivateKey {
      try checkIsThere(path)
      guard let key = try? NIOSSLPrivateKey(file: path, format: .pem) else {
        throw .unusable(file: path, reason: "it has no private key in PEM without a pass phrase")
      }
      return key
    }

    private static func checkIsThere(_ path: String) throws(TLSError) {
      guard FileManager.default.isReadableFile(atPath: path) else {
        throw .unusable(file: path, reason: "there is no such file that can be read")
      }
    }
  }
#endif
