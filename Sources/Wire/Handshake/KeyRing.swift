import NIOCore

/// The keys that a server accepts; none at all means that nobody has to show one.
public struct KeyRing: Sendable {
  private let keys: [String: SharedKey]
  /// Proofs of keys that do not exist are compared with this one's, so that they take as long.
  private let decoy: SharedKey

  /// A ring of these keys, whose names differ.
  public init(_ keys: [SharedKey] = []) {
    self.keys = Dictionary(keys.map { ($0.id, $0) }) { _, key in preconditionFailure("two keys called \(key.id)") }
    var generator = SystemRandomNumberGenerator()
    let secret = generator.bytes(SharedKey.minimumByteCount)
    decoy = SharedKey(id: "", role: .reader, secret: secret)
  }

  /// Whether nobody has to show a key.
  public var isEmpty: Bool { keys.isEmpty }

  /// The key that the client has, if `proof` shows so; it takes as long whether or not there is such a key.
  func key(named id: String, proving proof: [UInt8], hello: ByteBuffer, challenge: ByteBuffer) -> SharedKey? {
    let key = keys[id]
    let isProven = (key ?? decoy).accepts(proof, of: .client, hello: hello, challenge: challenge)
    return isProven ? key : nil
  }
}
