/// How the value of a field is laid out: the low three bits of its tag.
///
///     0  varint           base 128, least significant group first, at most 10 bytes
///     1  fixed64          8 bytes, little-endian
///     2  lengthDelimited  varint byte count, then the bytes: strings, bytes, messages, packed repeated fields
///     3  startGroup       obsolete; refused
///     4  endGroup         obsolete; refused
///     5  fixed32          4 bytes, little-endian
package enum WireType: UInt8, Hashable, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case startGroup = 3
  case endGroup = 4
  case fixed32 = 5

  /// What a value of this layout is called in an error.
  package var name: String {
    switch self {
    case .varint: "a varint"
    case .fixed64: "8 fixed bytes"
    case .lengthDelimited: "a length-delimited value"
    case .startGroup, .endGroup: "a group"
    case .fixed32: "4 fixed bytes"
    }
  }
}

/// The tag in front of a value: which field it is, and how it is laid out.
package struct ProtobufField: Hashable, Sendable {
  /// The field's number in its message, at least 1.
  package let number: Int

  /// How the value is laid out.
  package let wireType: WireType

  /// Where the tag stands.
  package let offset: Int
}
