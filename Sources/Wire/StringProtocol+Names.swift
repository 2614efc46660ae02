extension StringProtocol {
  /// Whether this can be the name of a key or a model: letters and digits of ASCII, dots, underscores and hyphens, at
  /// least one and at most `limit`.
  package func isName(upTo limit: Int) -> Bool {
    (1...limit).contains(utf8.count)
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
