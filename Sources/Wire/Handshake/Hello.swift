import Kernels
public import NIOCore

/// A client's first frame (88 bytes); its layout is frozen for ever.
///
///      0  1  lowest version
///      1  1  highest version
///      2  1  role           ``Role``
///      3  1  0
///      4  4  receive limit  the largest payload that the client accepts
///      8  8  features       a bit each
///     16 16  client id      random for each process; names its session
///     32 32  nonce          random for each connection
///     64 16  key id         text, filled up with zeros
///     80  8  build          text, filled up with zeros
public struct Hello: Hashable, Sendable {
  /// The bytes of a hello.
  public static let byteCount = 88

  /// The versions that the client speaks.
  public var versions: ClosedRange<UInt8>
  /// What the client wants to be allowed.
  public var role: Role
  /// The largest payload that the client accepts.
  public var receiveLimit: UInt32
  /// The optional features that the client knows.
  public var features: Features
  /// Who the client is, as long as its process lives.
  public var clientID: Identifier
  /// Random bytes that make the proof of this connection worthless for another.
  public var nonce: [UInt8]
  /// Which key the client has; empty for none.
  public var keyID: String
  /// The client's build, for the server's log.
  public var build: String

  /// The hello of a client called `clientID`.
  public init(
    role: Role, clientID: Identifier, nonce: [UInt8], keyID: String = "", receiveLimit: Int = Limits().payload,
    features: Features = .known, versions: ClosedRange<UInt8> = 1...1, build: String = "onlearn"
  ) {
    precondition(nonce.count == 32, "a nonce of \(nonce.count) bytes")
    precondition(keyID.utf8.count <= 16 && build.utf8.count <= 8, "a long name of a key or build")
    self.versions = versions
    self.role = role
    self.receiveLimit = UInt32(receiveLimit)
    self.features = features
    self.clientID = clientID
    self.nonce = nonce
    self.keyID = keyID
    self.build = build
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: Self.byteCount)
    writer.integer(versions.lowerBound)
    writer.integer(versions.upperBound)
    writer.integer(role.rawValue)
    writer.integer(UInt8(0))
    writer.integer(receiveLimit)
    writer.integer(features.rawValue)
    writer.data(clientID.bytes)
    writer.data(nonce)
    writer.name(keyID, byteCount: 16)
    writer.name(build, byteCount: 8)
    return writer.payload
  }

  /// Reads a payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    let (lowest, highest) = (try reader.integer(UInt8.self), try reader.integer(UInt8.self))
    guard lowest <= highest else { throw Refusal(.malformed, closing: true, "a hello with an empty range of versions") }
    versions = lowest...highest
    guard let role = Role(rawValue: try reader.integer()) else {
      throw Refusal(.malformed, closing: true, "a hello with an unknown role")
    }
    self.role = role
    try reader.zeros(1)
    receiveLimit = try reader.integer()
    features = Features(rawValue: try reader.integer())
    clientID = try Identifier(from: &reader)
    nonce = try reader.data(count: 32)
    keyID = try reader.name(byteCount: 16)
    build = try reader.name(byteCount: 8)
    try reader.finish()
  }
}

/// What a client may do.
public enum Role: UInt8, Hashable, Sendable, CaseIterable {
  /// Read.
  case reader = 0
  /// Read, register models, push.
  case worker = 1
  /// Everything.
  case admin = 2
  /// Everything; another server.
  case server = 3

  /// Whether it may do what `other` may.
  public func includes(_ other: Role) -> Bool { rawValue >= other.rawValue }
}

/// 128 random bits that name a client or a store.
public struct Identifier: Hashable, Sendable, CustomStringConvertible {
  /// The sixteen bytes.
  public let bytes: [UInt8]

  /// The identifier with these sixteen bytes.
  public init(bytes: [UInt8]) {
    precondition(bytes.count == 16, "an identifier of \(bytes.count) bytes")
    self.bytes = bytes
  }

  /// A new identifier.
  public init(using generator: inout some RandomNumberGenerator) {
    bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// Reads the next sixteen bytes.
  public init(from reader: inout MessageReader) throws(Refusal) { bytes = try reader.data(count: 16) }

  public var description: String { bytes.hexadecimal() }
}

extension MessageWriter {
  /// A short text in a field of `byteCount` bytes, filled up with zeros.
  mutating func name(_ text: String, byteCount: Int) {
    data(text.utf8)
    zeros(byteCount - text.utf8.count)
  }
}

extension MessageReader {
  /// A short text in a field of `byteCount` bytes, filled up with zeros.
  mutating func name(byteCount: Int) throws(Refusal) -> String {
    let field = try data(count: byteCount)
    let end = field.firstIndex(of: 0) ?? field.endIndex
    guard field[end...].allSatisfy({ $0 == 0 }), let text = String(validating: field[..<end], as: UTF8.self) else {
      throw Refusal(.malformed, closing: true, "a name that is no text, or does not end in zeros")
    }
    return text
  }
}
