import Kernels
import Serve
import Testing

@Suite struct `Criteo lines` {
  private static let values = (1...39).map { $0 % 7 == 0 ? "" : "v\($0)" }
  private static let line = values.joined(separator: "\t")

  @Test func `hash to the ids that the documentation promises`() throws {
    // mix(FNV-1a 64), computed apart from this program.
    #expect(StableHash.hash([UInt8]()) == 0xf52a_15e9_a9b5_e89b)
    #expect(StableHash.hash(Array("68fd1e64".utf8)) == 0x9465_c231_1026_1b59)
  }

  @Test func `become one id per field, in the field's own range`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("1\t\(Self.line)\n0\t\(Self.line)\n", to: "a")
    var source = try SourceSpecification(parsing: "criteo:\(path)").open()
    #expect(source.exampleShape == [39] && source.labelWidth == 1 && source.keepsOrder && source.count == nil)
    var batch = Batch()
    #expect(try source.next(into: &batch, upTo: 10))
    #expect(batch.examples == 2 && batch.y == [1, 0])
    for (index, value) in Self.values.enumerated() {
      let expected = (index + 1) << 10 | Int(StableHash.hash(Array(value.utf8)) & 0x3ff)
      #expect(batch.x[index] == Float(expected) && batch.x[39 + index] == Float(expected))
    }
  }

  @Test func `may lack the label`() throws {
    let folder = try TemporaryFolder()
    var source = try SourceSpecification(parsing: "criteo:\(try folder.write(Self.line, to: "a"))").open()
    var batch = Batch()
    #expect(try source.next(into: &batch, upTo: 10))
    #expect(batch.examples == 1 && !batch.hasLabels && batch.x.count == 39)
  }

  @Test func `may lack every value`() throws {
    let folder = try TemporaryFolder()
    let missing = String(repeating: "\t", count: 38)
    for text in ["\(Self.line)\n\(missing)\r\n\(Self.line)\n", "\(missing)\n\(missing)\n\(Self.line)"] {
      var source = try SourceSpecification(parsing: "criteo:\(try folder.write(text, to: "a"))").open()
      var batch = Batch()
      #expect(try source.next(into: &batch, upTo: 10))
      #expect(batch.examples == 3 && !batch.hasLabels)
      for field in 1...39 {
        #expect(batch.x[39 + field - 1] == Float(CriteoDecoder.id([], 0..<0, field: field)))
      }
    }
  }

  @Test(arguments: [
    ("", "holds no example"),
    ("1\t2\t3\n", "line 1: 3 fields separated by tabs, expected 40, or 39 without a label"),
    ("1\t\(line)\n2\t\(line)\n", "line 2, column 1: the label is neither 0 nor 1"),
    ("1\t\(line)\n1\t\(line)\t9\n", "line 2: 41 fields separated by tabs, expected 40"),
    ("1\t\(line)\n1\t9\n", "line 2: 2 fields separated by tabs, expected 40"),
    ("1\t\(line)\n1\n", "line 2, column 1"),
  ])
  func `that are wrong are refused with their number`(_ text: String, _ cause: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "a")
    let error = #expect(throws: DataError.self) {
      var source = try SourceSpecification(parsing: "criteo:\(path)").open()
      var batch = Batch()
      while try source.next(into: &batch, upTo: 10) {}
    }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
  }
}
