import GraphDefImport
import TestSupport
import Testing

@Suite struct `A constant` {
  @Test func `repeats the last element of a short list`() throws {
    #expect(try TensorProto(.float, [2, 2], .floats([1, 2])).floats() == [1, 2, 2, 2])
    #expect(try TensorProto(.int32, [3], .int32s([])).int32s() == [0, 0, 0])
    #expect(try TensorProto(.int64, [2], .int64s([5, 6, 7])).int64s() == [5, 6])
    #expect(try TensorProto(.bool, [2], .bools([])).bools() == [false, false])
    #expect(try TensorProto(.string, [2], .strings([[0x61]])).strings() == ["a", "a"])
    #expect(try TensorProto(.string, [1], .strings([])).strings() == [""])
  }

  @Test func `is widened but never narrowed`() throws {
    #expect(try TensorProto(.half, [2], .halves([0x3C00, 0xC000])).doubles() == [1, -2])
    #expect(try TensorProto(.uint8, [1], .content([200])).int64s() == [200])
    #expect(try TensorProto(.int8, [1], .content([200])).int32s() == [-56])
    #expect(throws: TensorProtoError.self) { try TensorProto(.double, [], .doubles([1])).floats() }
    #expect(throws: TensorProtoError.self) { try TensorProto(.int64, [], .int64s([1])).int32s() }
    #expect(throws: TensorProtoError.self) { try TensorProto(.complex64, [], .unsupported).floats() }
    #expect(throws: TensorProtoError.outOfRange(.max)) { try TensorProto(.uint64, [], .uint64s([.max])).int64s() }
    #expect(throws: TensorProtoError.notUTF8(index: 1)) {
      try TensorProto(.string, [2], .strings([[], [0xFF]])).strings()
    }
  }

  @Test func `has content of the size that its shape asks for`() throws {
    let tensor = TensorProto(.float, [2], .content([0, 0, 128, 63, 0, 0, 0]))
    let error = #expect(throws: TensorProtoError.self) { try tensor.floats() }
    #expect(error?.description == "a constant with 7 bytes of content, expected 8 for DT_FLOAT of shape [2]")
    #expect(try TensorProto(.float, [0], .content([1])).floats() == [])
    #expect(throws: TensorProtoError.self) { try TensorProto(.double, [1 << 61], .content([1])).doubles() }
    #expect(throws: TensorProtoError.self) { try TensorProto(.double, [1 << 61], .content([1])).uniformValue() }
  }

  @Test func `of unknown shape has no elements`() {
    for shape in [TensorShapeProto.unknownRank, [-1, 2]] {
      #expect(throws: TensorProtoError.unknownShape(shape)) { try TensorProto(.float, shape, .floats([1])).floats() }
      #expect(throws: TensorProtoError.unknownShape(shape)) {
        try TensorProto(.float, shape, .floats([])).uniformValue()
      }
    }
  }

  @Test func `that claims a million million elements is never materialised`() throws {
    let shape: TensorShapeProto = [1 << 20, 1 << 20]
    let ones = TensorProto(.float, shape, .floats([1]))
    #expect(try ones.elementCount() == 1 << 40)
    #expect(try ones.uniformValue() == .float(1))
    let limit = TensorProto.defaultElementLimit
    #expect(throws: TensorProtoError.tooManyElements(shape, limit: limit)) { try ones.floats() }
    #expect(throws: TensorProtoError.self) { try TensorProto(.int32, [5], .int32s([1])).int64s(limit: 4) }
    #expect(throws: TensorProtoError.self) { try TensorProto(.float, [.max, 2], .floats([1])).elementCount() }
    #expect(try TensorProto(.float, [5], .floats([1, 2, 3, 4, 5])).floats(limit: 4) == [1, 2, 3, 4, 5])
  }

  @Test func `knows whether all its elements are one`() throws {
    #expect(try TensorProto(.float, [3], .floats([])).uniformValue() == .float(0))
    #expect(try TensorProto(.float, [3], .floats([2, 2])).uniformValue() == .float(2))
    #expect(try TensorProto(.float, [3], .floats([0, -0.0])).uniformValue() == nil)
    #expect(try TensorProto(.float, [1], .floats([2, 3])).uniformValue() == .float(2))
    #expect(try TensorProto(.float, [0], .floats([2])).uniformValue() == nil)
    #expect(try TensorProto(.int32, [2], .content([7, 0, 0, 0, 7, 0, 0, 0])).uniformValue() == .int(7))
    #expect(try TensorProto(.int32, [2], .content([7, 0, 0, 0, 7, 0, 0, 1])).uniformValue() == nil)
    #expect(try TensorProto(.bool, [2], .bools([true])).uniformValue() == .bool(true))
    #expect(try TensorProto(.double, [], .doubles([0.5])).uniformValue() == .double(0.5))
    #expect(try TensorProto(.half, [9], .halves([0x3C00])).uniformValue() == .float(1))
    #expect(try TensorProto(.uint32, [9], .uint32s([.max])).uniformValue() == .int(Int64(UInt32.max)))
    #expect(try TensorProto(.string, [2], .strings([[1]])).uniformValue() == .string([1]))
  }

  @Test func `of half precision is read exactly`() {
    for bits in 0...UInt16.max {
      let value = Float(halfBits: bits)
      let exponent = Int(bits >> 10 & 31)
      let fraction = Double(bits & 1023) / 1024
      let sign: Double = bits & 0x8000 == 0 ? 1 : -1
      if exponent == 31 {
        #expect(fraction == 0 ? value == Float(sign * .infinity) : value.isNaN)
      } else {
        let scale = Double(sign: .plus, exponent: max(exponent, 1) - 15, significand: 1)
        #expect(Double(value) == sign * ((exponent == 0 ? 0 : 1) + fraction) * scale)
        #expect((value.sign == .minus) == (sign < 0))
      }
    }
  }

  @Test func `reads only the list that belongs to its type, and content first`() throws {
    var encoder = ProtobufEncoder()
    encoder.varint(7, 3)
    encoder.float(5, 2)
    encoder.varint(1, 1)
    encoder.float(5, 4)
    encoder.message(2) { $0.append(TensorShapeProto([2])) }
    var reader = ProtobufReader(encoder.bytes)
    #expect(try TensorProto(decoding: &reader).values == .floats([2, 4]))
    encoder.payload(4, [0, 0, 0, 0, 0, 0, 0, 0])
    reader = ProtobufReader(encoder.bytes)
    #expect(try TensorProto(decoding: &reader).floats() == [0, 0])
  }

  @Test func `shares the bytes of the file`() throws {
    var builder = GraphDefBuilder()
    builder.constant("c", TensorProto(.float, [1 << 18], .content([UInt8](repeating: 1, count: 1 << 20)[...])))
    let graph = try GraphDef(decoding: builder.encoded())
    guard case .content(let content)? = graph.nodes[0].attributes["value"]?.tensor?.values else {
      Issue.record("no content")
      return
    }
    #expect(content.count == 1 << 20)
    #expect(content.startIndex > 0, "a slice of the file, not a copy")
  }
}
