/// Why connections cannot be encrypted as they should be.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
  /// This program was built without TLS.
  case notBuilt
  /// A file does not hold what it should.
  case unusable(file: String, reason: String)

  public var description: String {
    switch self {
    case .notBuilt: "this program was built without TLS: build it with 'make build-tls', or leave out the --tls options"
    case .unusable(let file, let reason): "'\(file)' cannot be used for TLS: \(reason)"
    }
  }
}
