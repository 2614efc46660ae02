/// Why the elements of a ``TensorProto`` cannot be had.
public enum TensorProtoError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Elements of type `found` are not of the kind asked for.
  case dataType(found: DataType, expected: String)
  /// A dimension is unknown.
  case unknownShape(TensorShapeProto)
  /// The shape asks for more elements than one may fill.
  case tooManyElements(TensorShapeProto, limit: Int)
  /// `tensor_content` has not the size that type and shape ask for.
  case contentSize(found: Int, expected: Int, DataType, TensorShapeProto)
  /// An element is not UTF-8.
  case notUTF8(index: Int)
  /// An unsigned element exceeds `Int64.max`.
  case outOfRange(UInt64)

  public var description: String {
    switch self {
    case .dataType(let found, let expected): "a constant of \(found), expected \(expected)"
    case .unknownShape(let shape): "a constant of shape \(shape), expected a known shape"
    case .tooManyElements(let shape, let limit):
      "a constant of shape \(shape), expected at most \(limit) elements"
    case .contentSize(let found, let expected, let dataType, let shape):
      "a constant with \(found) bytes of content, expected \(expected) for \(dataType) of shape \(shape)"
    case .notUTF8(let index): "element \(index) is not UTF-8, expected text"
    case .outOfRange(let value): "an element of \(value), expected at most \(Int64.max)"
    }
  }
}

/// One element of a tensor.
public enum TensorProtoScalar: Hashable, Sendable {
  /// An element of `DT_FLOAT`, `DT_HALF` or `DT_BFLOAT16`.
  case float(Float)
  /// An element of `DT_DOUBLE`.
  case double(Double)
  /// An integer of any size.
  case int(Int64)
  /// An element of `DT_BOOL`.
  case bool(Bool)
  /// An element of `DT_STRING`.
  case string(ArraySlice<UInt8>)
}

extension TensorProto {
  /// How many elements an accessor makes up by repeating one, unless told otherwise.
  public static let defaultElementLimit = 1 << 26

  /// The number of elements that the shape asks for.
  public func elementCount() throws(TensorProtoError) -> Int {
    guard shape.knownDimensions != nil else { throw .unknownShape(shape) }
    guard let count = shape.elementCount else { throw .tooManyElements(shape, limit: Int.max) }
    return count
  }

  /// The elements of a `DT_FLOAT`, `DT_HALF` or `DT_BFLOAT16` tensor.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func floats(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [Float] {
    switch (dataType, values) {
    case (.float, .floats(let list)): return try filled(list, with: 0, limit: limit)
    case (.float, .content(let bytes)):
      return try elements(of: bytes, UInt32.self).map { Float(bitPattern: $0) }
    case (.half, .halves(let list)):
      return try filled(list, with: 0, limit: limit).map { Float(halfBits: $0) }
    case (.half, .content(let bytes)):
      return try elements(of: bytes, UInt16.self).map { Float(halfBits: $0) }
    case (.bfloat16, .halves(let list)):
      return try filled(list, with: 0, limit: limit).map { Float(bfloat16Bits: $0) }
    case (.bfloat16, .content(let bytes)):
      return try elements(of: bytes, UInt16.self).map { Float(bfloat16Bits: $0) }
    default: throw .dataType(found: dataType, expected: "DT_FLOAT, DT_HALF or DT_BFLOAT16")
    }
  }

  /// The elements of a `DT_DOUBLE` tensor, or those of a narrower floating-point one, widened.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func doubles(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [Double] {
    switch (dataType, values) {
    case (.double, .doubles(let list)): return try filled(list, with: 0, limit: limit)
    case (.double, .content(let bytes)):
      return try elements(of: bytes, UInt64.self).map { Double(bitPattern: $0) }
    case (.float, _), (.half, _), (.bfloat16, _): return try floats(limit: limit).map { Double($0) }
    default: throw .dataType(found: dataType, expected: "a floating-point type")
    }
  }

  /// The elements of a `DT_INT32` tensor, or those of a narrower integer one, widened.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func int32s(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [Int32] {
    switch (dataType, values) {
    case (.int32, .int32s(let list)): return try filled(list, with: 0, limit: limit)
    case (.int16, .int32s(let list)):
      return try filled(list, with: 0, limit: limit).map { Int32(Int16(truncatingIfNeeded: $0)) }
    case (.int8, .int32s(let list)):
      return try filled(list, with: 0, limit: limit).map { Int32(Int8(truncatingIfNeeded: $0)) }
    case (.uint16, .int32s(let list)):
      return try filled(list, with: 0, limit: limit).map { Int32(UInt16(truncatingIfNeeded: $0)) }
    case (.uint8, .int32s(let list)):
      return try filled(list, with: 0, limit: limit).map { Int32(UInt8(truncatingIfNeeded: $0)) }
    case (.int32, .content(let bytes)): return try elements(of: bytes, Int32.self)
    case (.int16, .content(let bytes)): return try elements(of: bytes, Int16.self).map { Int32($0) }
    case (.int8, .content(let bytes)): return try elements(of: bytes, Int8.self).map { Int32($0) }
    case (.uint16, .content(let bytes)): return try elements(of: bytes, UInt16.self).map { Int32($0) }
    case (.uint8, .content(let bytes)): return try elements(of: bytes, UInt8.self).map { Int32($0) }
    default: throw .dataType(found: dataType, expected: "an integer type of at most 32 bits")
    }
  }

  /// The elements of a tensor of any integer type.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func int64s(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [Int64] {
    switch (dataType, values) {
    case (.int64, .int64s(let list)): return try filled(list, with: 0, limit: limit)
    case (.int64, .content(let bytes)): return try elements(of: bytes, Int64.self)
    case (.uint32, .uint32s(let list)): return try filled(list, with: 0, limit: limit).map { Int64($0) }
    case (.uint32, .content(let bytes)): return try elements(of: bytes, UInt32.self).map { Int64($0) }
    case (.uint64, .uint64s(let list)): return try signed(try filled(list, with: 0, limit: limit))
    case (.uint64, .content(let bytes)): return try signed(try elements(of: bytes, UInt64.self))
    case (.int32, _), (.int16, _), (.int8, _), (.uint16, _), (.uint8, _):
      return try int32s(limit: limit).map { Int64($0) }
    default: throw .dataType(found: dataType, expected: "an integer type")
    }
  }

  /// The elements of a `DT_BOOL` tensor.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func bools(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [Bool] {
    switch (dataType, values) {
    case (.bool, .bools(let list)): return try filled(list, with: false, limit: limit)
    case (.bool, .content(let bytes)): return try elements(of: bytes, UInt8.self).map { $0 != 0 }
    default: throw .dataType(found: dataType, expected: "DT_BOOL")
    }
  }

  /// The elements of a `DT_STRING` tensor, as bytes.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func byteStrings(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [ArraySlice<UInt8>] {
    guard dataType == .string, case .strings(let list) = values else {
      throw .dataType(found: dataType, expected: "DT_STRING")
    }
    return try filled(list, with: [], limit: limit)
  }

  /// The elements of a `DT_STRING` tensor, as text.
  ///
  /// - Parameter limit: The most elements to return beyond those that the file spells out.
  public func strings(limit: Int = defaultElementLimit) throws(TensorProtoError) -> [String] {
    var strings: [String] = []
    for bytes in try byteStrings(limit: limit) {
      guard let string = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(index: strings.count) }
      strings.append(string)
    }
    return strings
  }
}

extension TensorProto {
  /// The value that every element has, or `nil` if two of them differ in a bit or there is none.
  ///
  /// - Complexity: O(elements that the file spells out), whatever the shape; allocates nothing of the shape's size.
  public func uniformValue() throws(TensorProtoError) -> TensorProtoScalar? {
    let count = try elementCount()
    guard count > 0 else { return nil }
    var one = self
    one.shape = []
    switch values {
    case .content(let bytes):
      let size = try contentElementSize(bytes)
      let rest = bytes.dropFirst(size)
      for index in rest.indices where rest[index] != bytes[index - size] { return nil }
      one.values = .content(bytes.prefix(size))
    case .floats(let list): guard Self.isUniform(list.prefix(count), \.bitPattern) else { return nil }
    case .doubles(let list): guard Self.isUniform(list.prefix(count), \.bitPattern) else { return nil }
    case .int32s(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .int64s(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .bools(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .halves(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .uint32s(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .uint64s(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .strings(let list): guard Self.isUniform(list.prefix(count), \.self) else { return nil }
    case .unsupported: return nil
    }
    return try one.firstElement()
  }

  private static func isUniform<Value, Key: Equatable>(
    _ list: ArraySlice<Value>, _ key: (Value) -> Key
  ) -> Bool {
    guard let first = list.first else { return true }
    return list.allSatisfy { key($0) == key(first) }
  }

  /// The element of a tensor of one element.
  private func firstElement() throws(TensorProtoError) -> TensorProtoScalar {
    switch dataType {
    case .float, .half, .bfloat16: .float(try floats(limit: 1)[0])
    case .double: .double(try doubles(limit: 1)[0])
    case .bool: .bool(try bools(limit: 1)[0])
    case .string: .string(try byteStrings(limit: 1)[0])
    default: .int(try int64s(limit: 1)[0])
    }
  }
}

extension TensorProto {
  /// `list` brought to the number of elements that the shape asks for.
  private func filled<Value>(
    _ list: [Value], with zero: Value, limit: Int
  ) throws(TensorProtoError) -> [Value] {
    let count = try elementCount()
    if list.count == count { return list }
    if list.count > count { return Array(list.prefix(count)) }
    guard count <= limit else { throw .tooManyElements(shape, limit: limit) }
    return list + repeatElement(list.last ?? zero, count: count - list.count)
  }

  /// The bytes of one element, given that `bytes` has the size that type and shape ask for.
  private func contentElementSize(_ bytes: ArraySlice<UInt8>) throws(TensorProtoError) -> Int {
    let count = try elementCount()
    guard let size = dataType.byteCount else { throw .dataType(found: dataType, expected: "plain numbers") }
    let (expected, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { throw .tooManyElements(shape, limit: Int.max / size) }
    guard bytes.count == expected else {
      throw .contentSize(found: bytes.count, expected: expected, dataType, shape)
    }
    return size
  }

  private func elements<Integer: FixedWidthInteger>(
    of bytes: ArraySlice<UInt8>, _ type: Integer.Type
  ) throws(TensorProtoError) -> [Integer] {
    if try elementCount() == 0 { return [] }
    let size = try contentElementSize(bytes)
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map {
      bytes.littleEndian(Integer.self, at: $0)
    }
  }

  private func signed(_ list: [UInt64]) throws(TensorProtoError) -> [Int64] {
    var values: [Int64] = []
    values.reserveCapacity(list.count)
    for value in list {
      guard let exact = Int64(exactly: value) else { throw .outOfRange(value) }
      values.append(exact)
    }
    return values
  }
}
