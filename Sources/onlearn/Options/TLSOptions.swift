import ArgumentParser
import Transport

/// How a server encrypts the connections of its clients.
struct TLSServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Encrypt connections with TLS: the server's certificate, then those that lead to an authority, in PEM.",
      valueName: "PATH"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("With --tls-certificate: its private key, in PEM.", valueName: "PATH"))
  var tlsKey: String?

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together.")
    }
  }

  /// What was asked for.
  func load() throws(TLSError) -> ServerTLS? {
    guard let tlsCertificate, let tlsKey else { return nil }
    return try ServerTLS(certificate: tlsCertificate, key: tlsKey)
  }
}

/// How a client encrypts its connections to servers.
struct TLSClientOptions: ParsableArguments {
  @Flag(help: "Encrypt connections to servers with TLS, and trust the authorities that this machine trusts.")
  var tls = false

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Encrypt connections to servers with TLS, and trust the authorities in this file, in PEM.", valueName: "PATH"))
  var authorities: String?

  /// The options, and whether each is given.
  var given: [GivenOption] { [GivenOption("--tls", tls), GivenOption("--tls-ca", authorities != nil)] }

  /// What was asked for.
  func load() throws(TLSError) -> ClientTLS? {
    guard tls || authorities != nil else { return nil }
    return try ClientTLS(authorities: authorities)
  }
}
