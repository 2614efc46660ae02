import Crypto
public import NIOCore

/// A key that clients and servers share.
public struct SharedKey: Sendable {
  /// The name by which a client says which key it has: 1…16 bytes.
  public let id: String
  /// The most that a client with this key may do.
  public let role: Role
  private let key: SymmetricKey

  /// The fewest bytes of a secret.
  public static let minimumByteCount = 32

  /// The key called `id` with this secret, of at least 32 bytes.
  public init(id: String, role: Role = .admin, secret: [UInt8]) {
    precondition(secret.count >= Self.minimumByteCount, "a secret of \(secret.count) bytes")
    self.id = id
    self.role = role
    key = SymmetricKey(data: secret)
  }

  /// What proves that somebody who saw this hello and this challenge has the key.
  public func proof(of prover: Prover, hello: ByteBuffer, challenge: ByteBuffer) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message(of: prover, hello, challenge), using: key))
  }

  /// Whether `proof` is the proof, in a time that does not depend on where it differs.
  public func accepts(_ proof: [UInt8], of prover: Prover, hello: ByteBuffer, challenge: ByteBuffer) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      proof, authenticating: message(of: prover, hello, challenge), using: key)
  }

  /// The two ends of a connection; each proves itself in its own words, so that neither proof can be sent back.
  public enum Prover: String, Hashable, Sendable {
    case client = "olp1 client"
    case server = "olp1 server"
  }

  private func message(of prover: Prover, _ hello: ByteBuffer, _ challenge: ByteBuffer) -> [UInt8] {
    var transcript = SHA256()
    transcript.update(data: Array(hello.readableBytesView))
    transcript.update(data: Array(challenge.readableBytesView))
    return Array(prover.rawValue.utf8) + transcript.finalize()
  }
}
