import GraphDefImport
import TestSupport
import Testing

@Suite struct `A protobuf reader` {
  @Test(
    arguments: [
      ([0x00], 0), ([0x01], 1), ([0x7F], 127), ([0x80, 0x01], 128), ([0xAC, 0x02], 300),
      ([0x80, 0x80, 0x00], 0), ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt64(UInt32.max)),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
    ] as [([UInt8], UInt64)])
  func `reads varints of up to ten bytes`(_ bytes: [UInt8], _ value: UInt64) throws {
    var reader = ProtobufReader(bytes)
    #expect(try reader.varint() == value)
    #expect(reader.offset == bytes.count)
  }

  @Test(
    arguments: [
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    ] as [[UInt8]])
  func `refuses varints that overflow`(_ bytes: [UInt8]) {
    var reader = ProtobufReader(bytes)
    let error = #expect(throws: ProtobufError.self) { try reader.varint() }
    #expect(error?.found == "a varint of more than 64 bits")
    #expect(error?.isTruncation == false)
  }

  @Test(arguments: [[], [0x80], [0xFF, 0xFF]] as [[UInt8]])
  func `sees that a varint is cut short`(_ bytes: [UInt8]) {
    var reader = ProtobufReader(bytes)
    let error = #expect(throws: ProtobufError.self) { try reader.varint() }
    #expect(error?.isTruncation == true)
  }

  @Test func `reads fixed widths as little-endian`() throws {
    var reader = ProtobufReader([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    #expect(try reader.fixed32() == 0x0403_0201)
    #expect(try reader.fixed64() == 0x0C0B_0A09_0807_0605)
    #expect(throws: ProtobufError.self) { try reader.fixed32() }
    #expect(throws: ProtobufError.self) { try reader.fixed64() }
    #expect(reader.offset == 12)
  }

  @Test func `passes over fields of every kind that it does not know`() throws {
    var encoder = ProtobufEncoder()
    encoder.varint(9, -1)
    encoder.double(10, 0.5)
    encoder.float(11, 0.5)
    encoder.string(536_870_911, "unknown")
    encoder.varint(1, 7)
    var reader = ProtobufReader(encoder.bytes)
    var value: Int64?
    while let field = try reader.nextField() {
      if field.number == 1 { value = try reader.int64(field, "value") } else { try reader.skip(field) }
    }
    #expect(value == 7)
  }

  @Test(
    arguments: [
      ([0x0B], "a group in field 1"), ([0x0C], "a group in field 1"), ([0x0E], "wire type 6"),
      ([0x0F], "wire type 7"), ([0x00, 0x00], "tag 0"), ([0x02, 0x00], "tag 2"),
      ([0x80, 0x80, 0x80, 0x80, 0x10], "tag 4294967296"),
    ] as [([UInt8], String)])
  func `refuses tags that no message has`(_ bytes: [UInt8], _ found: String) {
    var reader = ProtobufReader(bytes)
    let error = #expect(throws: ProtobufError.self) { try reader.nextField() }
    #expect(error?.found == found)
    #expect(error?.offset == 0)
  }

  @Test(
    arguments: [
      [0x0A, 0x05, 1, 2, 3, 4], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
      [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x0A], [0x0A, 0x80], [0x08], [0x0D, 1, 2, 3],
      [0x09, 1, 2, 3, 4, 5, 6, 7],
    ] as [[UInt8]])
  func `never reads beyond the end`(_ bytes: [UInt8]) throws {
    var reader = ProtobufReader(bytes)
    let field = try #require(try reader.nextField())
    let error = #expect(throws: ProtobufError.self) { try reader.skip(field) }
    #expect(error?.isTruncation == true)
  }

  @Test func `keeps a message inside the one that holds it`() throws {
    // The outer message ends after the inner tag and length, which claims four bytes that follow the outer one.
    let bytes: [UInt8] = [0x0A, 0x02, 0x0A, 0x04, 1, 2, 3, 4]
    var reader = ProtobufReader(bytes)
    let field = try #require(try reader.nextField())
    let error = #expect(throws: ProtobufError.self) {
      try reader.message(field, "outer") { inner throws(ProtobufError) in
        while let field = try inner.nextField() { _ = try inner.slice(field, "inner") }
      }
    }
    #expect(error?.path == ["outer", "inner"])
    #expect(error?.offset == 3)
    #expect(error?.isTruncation == false)
    #expect(
      error?.description == "outer.inner, byte 3: found a length of 4 with 0 bytes left, expected a length that fits")
  }

  @Test func `reads repeated fields packed, one by one, and mixed`() throws {
    var encoder = ProtobufEncoder()
    encoder.varint(1, 1)
    encoder.packedVarints(1, [2, 300])
    encoder.varint(1, 4)
    encoder.payload(1, [])
    var reader = ProtobufReader(encoder.bytes)
    var values: [UInt64] = []
    while let field = try reader.nextField() {
      try reader.append(field, "values", to: &values) { value throws(ProtobufError) in try value.varint() }
    }
    #expect(values == [1, 2, 300, 4])
  }

  @Test func `names the element of a packed field that is cut short`() throws {
    var reader = ProtobufReader([0x0A, 0x06, 1, 0, 0, 0, 2, 0])
    let field = try #require(try reader.nextField())
    var values: [UInt32] = []
    let error = #expect(throws: ProtobufError.self) {
      try reader.append(field, "values", to: &values, each: .fixed32, leastByteCount: 4) {
        value throws(ProtobufError) in try value.fixed32()
      }
    }
    #expect(error?.path == ["values[1]"])
  }

  @Test func `refuses a value laid out in another way than its field`() throws {
    var reader = ProtobufReader([0x08, 0x01])
    let field = try #require(try reader.nextField())
    let error = #expect(throws: ProtobufError.self) { try reader.string(field, "name") }
    #expect(error?.description == "name, byte 0: found a varint, expected a length-delimited value")
    #expect(throws: ProtobufError.self) { try reader.float(field, "f") }
    #expect(throws: ProtobufError.self) { try reader.message(field, "m") { _ throws(ProtobufError) in } }
  }

  @Test func `refuses strings that are not UTF-8`() throws {
    var reader = ProtobufReader([0x0A, 0x02, 0xC3, 0x28])
    let field = try #require(try reader.nextField())
    let error = #expect(throws: ProtobufError.self) { try reader.string(field, "name") }
    #expect(error?.found == "bytes that are not UTF-8")
  }

  @Test(arguments: [30, 2000])
  func `bounds how deep messages nest`(_ depth: Int) throws {
    var attribute: [UInt8] = []
    for _ in 0..<depth {
      var function = ProtobufEncoder()
      function.message(2) { entry in
        entry.string(1, "f")
        entry.payload(2, attribute)
      }
      var value = ProtobufEncoder()
      value.payload(10, function.bytes)
      attribute = value.bytes
    }
    var graph = ProtobufEncoder()
    graph.message(1) { node in
      node.string(1, "n")
      node.string(2, "Op")
      node.message(5) { entry in
        entry.string(1, "f")
        entry.payload(2, attribute)
      }
    }
    if depth == 30 {
      #expect(try GraphDef(decoding: graph.bytes).nodes.count == 1)
    } else {
      let error = #expect(throws: ProtobufError.self) { try GraphDef(decoding: graph.bytes) }
      #expect(error?.expected == "at most \(ProtobufReader.maximumDepth)")
    }
  }
}
