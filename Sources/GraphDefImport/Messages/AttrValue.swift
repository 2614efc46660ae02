/// The value of a node's attribute.
public enum AttrValue: Equatable, Sendable {
  /// Bytes, most often text; ``text`` reads them.
  case bytes(ArraySlice<UInt8>)
  /// An integer.
  case int(Int64)
  /// A number.
  case float(Float)
  /// A truth value.
  case bool(Bool)
  /// A type.
  case type(DataType)
  /// A shape, perhaps partly unknown.
  case shape(TensorShapeProto)
  /// A constant.
  case tensor(TensorProto)
  /// A list of any of the others.
  case list(List)
  /// A function of the graph's library.
  case function(FunctionReference)
  /// Inside a function: the attribute of the caller that has the value.
  case placeholder(String)
  /// A value of a kind that this list does not know, or none.
  case missing

  /// The values of a list; an empty one does not tell of what.
  public enum List: Equatable, Sendable {
    case empty
    case bytes([ArraySlice<UInt8>])
    case ints([Int64])
    case floats([Float])
    case bools([Bool])
    case types([DataType])
    case shapes([TensorShapeProto])
    case tensors([TensorProto])
    case functions([FunctionReference])
  }

  /// What kind of value this is, for errors.
  public var kind: String {
    switch self {
    case .bytes: "a string"
    case .int: "an integer"
    case .float: "a float"
    case .bool: "a bool"
    case .type: "a type"
    case .shape: "a shape"
    case .tensor: "a tensor"
    case .list(.empty): "an empty list"
    case .list(.bytes): "a list of strings"
    case .list(.ints): "a list of integers"
    case .list(.floats): "a list of floats"
    case .list(.bools): "a list of bools"
    case .list(.types): "a list of types"
    case .list(.shapes): "a list of shapes"
    case .list(.tensors): "a list of tensors"
    case .list(.functions): "a list of functions"
    case .function: "a function"
    case .placeholder: "a placeholder"
    case .missing: "no value"
    }
  }
}

extension AttrValue {
  /// The bytes as text, if this is a string of UTF-8.
  public var text: String? {
    if case .bytes(let bytes) = self { String(validating: bytes, as: UTF8.self) } else { nil }
  }

  /// The integer, if this is one.
  public var int: Int64? { if case .int(let value) = self { value } else { nil } }

  /// The number, if this is one.
  public var float: Float? { if case .float(let value) = self { value } else { nil } }

  /// The truth value, if this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The type, if this is one.
  public var type: DataType? { if case .type(let value) = self { value } else { nil } }

  /// The shape, if this is one.
  public var shape: TensorShapeProto? { if case .shape(let value) = self { value } else { nil } }

  /// The constant, if this is one.
  public var tensor: TensorProto? { if case .tensor(let value) = self { value } else { nil } }

  /// The function, if this is one.
  public var function: FunctionReference? { if case .function(let value) = self { value } else { nil } }

  /// The integers, if this is a list of them or an empty list.
  public var ints: [Int64]? {
    switch self {
    case .list(.ints(let values)): values
    case .list(.empty): []
    default: nil
    }
  }

  /// The numbers, if this is a list of them or an empty list.
  public var floats: [Float]? {
    switch self {
    case .list(.floats(let values)): values
    case .list(.empty): []
    default: nil
    }
  }

  /// The types, if this is a list of them or an empty list.
  public var types: [DataType]? {
    switch self {
    case .list(.types(let values)): values
    case .list(.empty): []
    default: nil
    }
  }

  /// The shapes, if this is a list of them or an empty list.
  public var shapes: [TensorShapeProto]? {
    switch self {
    case .list(.shapes(let values)): values
    case .list(.empty): []
    default: nil
    }
  }

  /// The strings, if this is a list of them or an empty list, and all are UTF-8.
  public var texts: [String]? {
    switch self {
    case .list(.bytes(let values)):
      let texts = values.compactMap { String(validating: $0, as: UTF8.self) }
      return texts.count == values.count ? texts : nil
    case .list(.empty): return []
    default: return nil
    }
  }

  /// The functions, if this is a list of them or an empty list.
  public var functions: [FunctionReference]? {
    switch self {
    case .list(.functions(let values)): values
    case .list(.empty): []
    default: nil
    }
  }

  /// A string attribute of `text`.
  public static func text(_ text: String) -> AttrValue { .bytes(ArraySlice(text.utf8)) }
}

/// A function of the library, with values for its attributes.
public struct FunctionReference: Equatable, Sendable {
  /// The function's name.
  public var name: String

  /// Values for the placeholders among the attributes in its body.
  public var attributes: AttributeMap

  /// The function `name`.
  public init(_ name: String, attributes: AttributeMap = [:]) {
    self.name = name
    self.attributes = attributes
  }
}
