public import NIOCore

/// A server's answer to a client's proof (48 bytes): its own proof, then where the client's session stands.
public struct Authenticated: Hashable, Sendable {
  /// The server's proof; zeros without authentication.
  public var proof: [UInt8]
  /// The last mutation of the session that was applied; 0 for a new session.
  public var lastAppliedSequence: UInt64
  /// The number of the session, for logs; 0 for a new one.
  public var sessionNumber: UInt64

  /// The answer for a session that stands at `lastAppliedSequence`.
  public init(proof: [UInt8], lastAppliedSequence: UInt64, sessionNumber: UInt64) {
    self.proof = proof
    self.lastAppliedSequence = lastAppliedSequence
    self.sessionNumber = sessionNumber
  }

  /// A proof where none is needed.
  public static let noProof = [UInt8](repeating: 0, count: 32)

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 48)
    writer.data(proof)
    writer.integer(lastAppliedSequence)
    writer.integer(sessionNumber)
    return writer.payload
  }

  /// Reads a payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    proof = try reader.data(count: 32)
    lastAppliedSequence = try reader.integer()
    sessionNumber = try reader.integer()
    try reader.finish()
  }
}
