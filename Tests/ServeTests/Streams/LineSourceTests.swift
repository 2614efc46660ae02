import Files
import Serve
import Testing

@Suite struct `Lines of numbers` {
  private func all(_ source: inout any DataSource) throws -> (x: [Float], y: [Float]) {
    var (batch, x, y) = (Batch(), [Float](), [Float]())
    while try source.next(into: &batch, upTo: 2) {
      x += batch.x
      y += batch.y
    }
    return (x, y)
  }

  @Test(arguments: [
    ("1,2,0\n3,4.5,1\n", ""),
    ("1,2,0\r\n  \r\n\r\n3,4.5,1", ""),
    ("\u{feff}a,b,c\n1,2,0\n3,4.5,1\n", ""),
    ("a,label,b\n1,0,2\n3,1,4.5\n", ""),
    ("LABEL,1x1,1x2\n0,1,2\n1,3,4.5\n", ""),
    ("label,0,1\n0,1,2\n1,3,4.5\n", ""),
    ("0;1;2\n1;3;4.5\n", "?label=first"),
    ("a\tclick\tb\n1\t0\t2\n3\t1\t4.5\n", "?label=click"),
    ("  1 2   0 \n3  45e-1 1\n", ""),
    ("\"1\", 2 ,\"0\"\n 3,\"4.5\" ,1\n", "?label=last"),
    ("10,20,0\n30,45,1\n", "?scale=10"),
    ("1,2,0\n3,4.5,1\n", "?order=file"),
  ])
  func `are read however they are written`(_ text: String, _ options: String) throws {
    let folder = try TemporaryFolder()
    for bytes in [Array(text.utf8), gzip(Array(text.utf8))] {
      let path = try folder.write(bytes, to: "a")
      var source = try SourceSpecification(parsing: "csv:\(path)\(options)").open(width: 2)
      #expect(source.exampleShape == [2] && source.labelWidth == 1)
      try source.reset(epoch: 0, seed: nil)
      let first = try all(&source)
      #expect(first.x == [1, 2, 3, 4.5] && first.y == [0, 1])
      try source.reset(epoch: 1, seed: nil)
      #expect(try all(&source).x == first.x)
    }
  }

  @Test func `carry no label if there are just as many as the model has features`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("1,2,3\n4,5,6\n", to: "a")
    for (options, width, labelWidth) in [("", 3, 0), ("", 2, 1), ("?label=none", 3, 0), ("?label=first", 2, 1)] {
      let source = try SourceSpecification(parsing: "csv:\(path)\(options)").open(width: width)
      #expect(source.width == width && source.labelWidth == labelWidth)
    }
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "csv:\(path)").open(width: 4) }
    #expect(
      error?.description
        == "\(path): the number of features in line 1 is 2, column 3 being the label, expected 4")
  }

  @Test(arguments: [
    ("1,2,0\n3,x,1\n", "line 2, column 2: 'x' is not a number"),
    ("1,2,0\n3,,1\n", "line 2, column 2: the field is empty"),
    ("1,2,0\n\n3,4\n", "line 3: 2 columns, expected 3"),
    ("1,2,0\n3,4,1,5\n", "line 2, column 4: more than 3 columns"),
    ("1,x,0\n", "line 1, column 2: 'x' is not a number"),
    ("1,2,0\n\"3,4,1\n", "line 2, column 1: the quotation mark is not closed"),
    ("1,2,0\n\"3\"4,4,1\n", "line 2, column 1: text follows the quotation mark"),
    ("1\n2\n", "line 1: there is a label but no feature"),
    ("1\t2\t0\n\t\t\n3\t4\t1\n", "line 2, column 1: the field is empty"),
    ("1 2 0\n\t\n3 4 1\n", "line 2, column 1: the field is empty"),
    ("1,2,0\n\t\t\n3,4,1\n", "line 2, column 1: '\t\t' is not a number"),
    ("\t\t\n1\t2\t0\n", "line 1, column 1: the field is empty"),
    ("1,2,0\n0x10,4,1\n", "line 2, column 1: '0x10' is not a number"),
    ("", "holds no example"),
    ("a,b,c\n", "holds no example"),
  ])
  func `that are wrong are refused with line and column`(_ text: String, _ cause: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "a")
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "csv:\(path)").open() }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
    #expect(error?.exitStatus == .badData)
  }

  @Test(arguments: [("label,a,Label", ""), ("a,click,click", "?label=click")])
  func `do not have two columns for the label`(_ names: String, _ options: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("\(names)\n1,2,0\n", to: "a")
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "csv:\(path)\(options)").open() }
    #expect(error?.description.contains("are both called") == true && error?.exitStatus == .badData)
    let chosen = try SourceSpecification(parsing: "csv:\(path)?label=last").open()
    #expect(chosen.width == 2 && chosen.labelWidth == 1)
  }

  @Test(arguments: ["", "?order=file"])
  func `are told when they are refused later, in whatever order they come`(_ options: String) throws {
    let folder = try TemporaryFolder()
    let rows = (0..<9).map { "0,0,\($0 == 6 ? 5 : 1)\n" }
    let path = try folder.write("a,b,label\n" + rows.prefix(3).joined() + "\n" + rows.dropFirst(3).joined(), to: "a")
    for parts in [1, 2] {
      let source = try SourceSpecification(parsing: "csv:\(path)\(options)").open(width: 2)
      let shared = parts == 1 ? source : PartOfSource(source, part: 0, of: parts, block: 9)
      var (feed, batch) = (try DataFeed(shared, seed: 3), Batch())
      var validator = BatchValidator(width: 2, labels: .classes(2))
      var error: BatchError?
      while error == nil, try feed.next(into: &batch, upTo: 2) {
        do throws(BatchError) { try validator.check(batch, of: feed) } catch let found { error = found }
      }
      // The seventh example is behind the names, and behind an empty line.
      let label = try #require(error?.description)
      #expect(label.contains("(\(path), line 9), label 0: 5.0 is no class"), "\(label)")
    }
  }

  @Test func `lack the column that was asked for`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a,b\n1,2\n", to: "a")
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "csv:\(path)?label=c").open() }
    #expect(error?.description == "\(path), line 1: there is no column 'c'; the columns are a, b")
  }

  @Test(arguments: [2, 3, 7, 1000])
  func `are cut right whatever the size of the buffer`(_ byteCount: Int) throws {
    let text = (0..<200).map { "\($0),\(String(repeating: "9", count: $0 % 12 + 1))" }.joined(separator: "\n")
    let stream = try ByteStream(InputFile(bytes: Array(text.utf8), name: "a"), chunkByteCount: byteCount)
    var lines = LineReader(stream, byteCount: byteCount)
    var found: [String] = []
    while let line = try lines.next() { found.append(String(decoding: lines.bytes[line], as: UTF8.self)) }
    #expect(found.joined(separator: "\n") == text)
    #expect(lines.lineNumber == 200)
  }

  @Test func `may be long, but not endless`() throws {
    let long = [UInt8](repeating: UInt8(ascii: "1"), count: LineReader.longestLine + 1)
    var lines = LineReader(try ByteStream(InputFile(bytes: long, name: "a")))
    #expect(throws: DataError("a", .tooLarge(what: "line 1", limit: "16777216 bytes"))) { try lines.next() }
  }

  @Test func `from a stream that cannot be read again say so`() throws {
    let open = { () throws(DataError) -> ByteStream in
      try ByteStream(InputFile(bytes: Array("1 0\n2 1\n3 0\n".utf8), name: "standard input"))
    }
    var source = LineSource(name: "-", once: open, decoder: TableDecoder(), isPrompt: false)
    let error = DataError("-", .usage("it can be read only once"))
    #expect(throws: error) { try DataFeed(source, passes: 2) }
    for passes in [1, .max] as [UInt64] {
      var feed = try DataFeed(source, passes: passes)
      var batch = Batch()
      #expect(try feed.next(into: &batch, upTo: 5))
      #expect(batch.x == [1, 2, 3] && batch.y == [0, 1, 0] && batch.begin == 0 && batch.end == 3)
      #expect(try !feed.next(into: &batch, upTo: 5))
    }
    _ = try source.skip(to: 1)
    #expect(throws: error) { try source.reset(epoch: 1, seed: nil) }
  }

  @Test(arguments: ["2 1\n3 0\n", ""])
  func `from a stream are new whatever was learned before, and may be none then`(_ text: String) throws {
    let open = { () throws(DataError) -> ByteStream in
      try ByteStream(InputFile(bytes: Array(text.utf8), name: "standard input"))
    }
    let source = LineSource(name: "-", once: open, decoder: TableDecoder(), isPrompt: false)
    var feed = try DataFeed(source, resumingAt: 100)
    #expect(feed.offset == 100)
    var batch = Batch()
    let comes = try feed.next(into: &batch, upTo: 5)
    #expect(comes == !text.isEmpty)
    if comes { #expect(batch.x == [2, 3] && batch.begin == 100 && batch.end == 102) }
    #expect(try !feed.next(into: &batch, upTo: 5))
    #expect(feed.offset == (comes ? 102 : 100))
  }

  @Test func `that never came are no error, if somebody asked to stop waiting for them`() throws {
    let open = { () throws(DataError) -> ByteStream in try ByteStream(InputFile(bytes: [], name: "standard input")) }
    let stop = StopRequest()
    let source = LineSource(name: "-", once: open, decoder: TableDecoder(), isPrompt: false, until: stop)
    var (feed, batch) = (try DataFeed(source), Batch())
    #expect(throws: DataError("-", .empty)) { try feed.next(into: &batch, upTo: 5) }
    stop.request()
    #expect(try !feed.next(into: &batch, upTo: 5))
  }

  @Test func `resume in a later pass although their number is unknown at first`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("1 0\n2 1\n3 0\n", to: "a")
    let source = try SourceSpecification(parsing: "csv:\(path)?order=file").open()
    var feed = try DataFeed(source, passes: 3, resumingAt: 7)
    var batch = Batch()
    #expect(try feed.next(into: &batch, upTo: 5))
    #expect(batch.x == [2, 3] && batch.begin == 7 && batch.end == 9)
    #expect(try !feed.next(into: &batch, upTo: 5))
  }

  @Test(
    arguments: [
      ("0", 0), ("-0.5", -0.5), ("+12", 12), ("1e3", 1000), ("1E-3", 1e-3), (".5", 0.5), ("5.", 5),
      ("16777217", 16_777_216), ("0.1", 0.1), ("3.4028235e38", 3.4028235e38), ("1e39", .infinity), ("-inf", -.infinity),
      ("123456789012345678901234567890", 1.2345679e29), ("0.000000000000000000000000000001", 1e-30),
    ] as [(String, Float)])
  func `hold numbers in every form`(_ text: String, _ expected: Float) {
    let bytes = Array("<\(text)>".utf8)
    #expect(NumberText.float(bytes, 1..<bytes.count - 1) == expected)
  }

  @Test(arguments: ["", "-", ".", "e5", "1e", "1.2.3", "--1", "1 2", "0x1", "1_000", "one", "1,5"])
  func `hold nothing that is no number`(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(NumberText.float(bytes, 0..<bytes.count) == nil)
  }
}
