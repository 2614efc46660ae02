import GraphDefImport
import TestSupport
import Testing

@Suite struct `A data type` {
  @Test func `has TensorFlow's number and name`() {
    let numbers: [(DataType, Int32, String)] = [
      (.float, 1, "DT_FLOAT"), (.double, 2, "DT_DOUBLE"), (.int32, 3, "DT_INT32"), (.string, 7, "DT_STRING"),
      (.int64, 9, "DT_INT64"), (.bool, 10, "DT_BOOL"), (.bfloat16, 14, "DT_BFLOAT16"), (.half, 19, "DT_HALF"),
      (.resource, 20, "DT_RESOURCE"), (.uint64, 23, "DT_UINT64"), (.float4e2m1fn, 33, "DT_FLOAT4_E2M1FN"),
    ]
    for (type, number, name) in numbers {
      #expect(type.number == number)
      #expect(DataType(number: number) == type)
      #expect("\(type)" == name)
    }
    #expect(DataType.allKnown.map(\.number) == Array(0...33))
  }

  @Test func `reads references as what they refer to`() {
    #expect(DataType(number: 101) == .float)
    #expect(DataType(number: 109) == .int64)
  }

  @Test(arguments: [-1, 34, 99, 100, 134, Int32.min, Int32.max])
  func `keeps numbers it does not know`(_ number: Int32) {
    #expect(DataType(number: number) == .other(number))
    #expect(DataType(number: number).number == number)
    #expect("\(DataType(number: number))" == "data type \(number)")
  }
}

@Suite struct `A shape` {
  @Test func `counts its elements and never overflows`() {
    #expect(TensorShapeProto([]).elementCount == 1)
    #expect(TensorShapeProto([2, 3]).elementCount == 6)
    #expect(TensorShapeProto([.max, .max, 0]).elementCount == 0)
    #expect(TensorShapeProto([1 << 40, 1 << 40]).elementCount == nil)
    #expect(TensorShapeProto([-1, 3]).elementCount == nil)
    #expect(TensorShapeProto.unknownRank.elementCount == nil)
    #expect(TensorShapeProto.unknownRank.rank == nil)
    #expect(TensorShapeProto([-1, 3]).description == "[?, 3]")
  }

  @Test func `has no dimension below −1`() {
    var encoder = ProtobufEncoder()
    encoder.append(TensorShapeProto([3, -2]))
    var reader = ProtobufReader(encoder.bytes)
    let error = #expect(throws: ProtobufError.self) { try TensorShapeProto(decoding: &reader) }
    #expect(error?.path == ["dim[1]", "size"])
  }
}

@Suite struct `A reference to an input` {
  @Test(arguments: [
    ("a", InputReference("a")), ("a:2", InputReference("a", output: 2)), ("^a", InputReference("a", isControl: true)),
    ("scope/a_1:0", InputReference("scope/a_1")), ("a:out:1", InputReference("a", output: 1, outputName: "out")),
  ])
  func `is parsed`(_ text: String, _ reference: InputReference) {
    #expect(InputReference(parsing: text) == reference)
    #expect(InputReference(parsing: "\(reference)") == reference)
  }

  @Test(arguments: [
    "", "^", ":", ":1", "a:", "a:x", "a:-1", "a:+1", "a:1:2:3", "a::1", "^a:1", "a:99999999999999999999",
  ])
  func `is refused where it is none`(_ text: String) {
    #expect(InputReference(parsing: text) == nil)
  }
}

@Suite struct `A map of attributes` {
  @Test(arguments: [3, 40])
  func `is sorted and keeps the last of equal names`(_ count: Int) {
    var entries: [AttributeMap.Entry] = []
    for index in 0..<count { entries.append(("k\((index * 7) % count)", .int(Int64(index)))) }
    entries += [("k0", .bool(true)), ("k2", .bool(false)), ("k0", .float(1))]
    let map = AttributeMap(entries)
    #expect(map.names == Set(entries.map(\.name)).sorted())
    #expect(map["k0"] == .float(1))
    #expect(map["k2"] == .bool(false))
    #expect(map["k"] == nil)
    #expect(map["z"] == nil)
  }

  @Test func `can be changed`() {
    var map: AttributeMap = ["b": .int(1)]
    map["a"] = .int(0)
    map["b"] = .int(2)
    map["c"] = .int(3)
    #expect(map == ["c": .int(3), "a": .int(0), "b": .int(2)])
    map["b"] = nil
    map["x"] = nil
    #expect(map.names == ["a", "c"])
  }
}

@Suite struct `The value of an attribute` {
  @Test func `is read as what it is and as nothing else`() {
    let value = AttrValue.text("SAME")
    #expect(value.text == "SAME")
    #expect(value.int == nil && value.bool == nil && value.float == nil && value.ints == nil && value.tensor == nil)
    #expect(AttrValue.bytes([0xFF]).text == nil)
    let empty = AttrValue.list(.empty)
    #expect(empty.ints == [] && empty.types == [] && empty.shapes == [] && empty.texts == [] && empty.functions == [])
    #expect(AttrValue.list(.bytes([[0xFF]])).texts == nil)
    #expect(AttrValue.list(.ints([1])).kind == "a list of integers")
  }

  @Test func `is a list of one kind`() throws {
    var encoder = ProtobufEncoder()
    encoder.message(1) { list in
      list.append(.ints([1]))
      list.append(.types([.float]))
    }
    var reader = ProtobufReader(encoder.bytes)
    let error = #expect(throws: ProtobufError.self) { try AttrValue(decoding: &reader) }
    #expect(error?.found == "a list of integers and a list of types")
  }

  @Test func `is missing if it is of a kind to come`() throws {
    var encoder = ProtobufEncoder()
    encoder.string(11, "new")
    var reader = ProtobufReader(encoder.bytes)
    #expect(try AttrValue(decoding: &reader) == .missing)
  }
}
