import Files
import Serve
import Testing

@Suite struct `MovieLens` {
  private static let recBole = [
    "ml-100k.user": """
    user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token
    1\t24\tM\ttechnician\t85711
    943\t17\tF\tother\tT8H1N

    """,
    "ml-100k.item": """
    item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
    1\tToy Story\t1995\tAnimation Children's Comedy
    267\tunkonwn\tunkonwn\tunknown

    """,
    "ml-100k.inter": """
    user_id:token\titem_id:token\trating:float\ttimestamp:float
    943\t267\t3\t300
    1\t1\t5\t100
    943\t1\t4\t200
    1\t267\t1\t200

    """,
  ]

  private static let groupLens = [
    "u.user": "1|24|M|technician|85711\n943|17|F|other|T8H1N\n",
    "u.item": """
    1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0
    267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0

    """,
    "u.data": "943\t267\t3\t300\n1\t1\t5\t100\n943\t1\t4\t200\n1\t267\t1\t200\n",
  ]

  @Test(arguments: [recBole, groupLens])
  func `is a stream in order of time with eight ids each`(_ files: [String: String]) throws {
    let folder = try TemporaryFolder()
    for (name, text) in files { _ = try folder.write(text, to: name) }
    var source = try SourceSpecification(parsing: "movielens:\(folder.path)").open()
    #expect(source.exampleShape == [8] && source.count == 4 && source.keepsOrder)
    try source.reset(epoch: 0, seed: 1)
    var batch = Batch()
    #expect(try source.next(into: &batch, upTo: 10))
    #expect(batch.y == [1, 1, 0, 0])
    func ids(_ values: [Int]) -> [Float] { values.enumerated().map { Float($0.offset << 13 | $0.element) } }
    #expect(batch.x[0..<8] == ids([1, 1, 1, 1, 19, 85, 95, 3])[...])
    #expect(batch.x[8..<16] == ids([943, 1, 0, 0, 13, 100, 95, 3])[...])
    #expect(batch.x[16..<24] == ids([1, 267, 1, 1, 19, 85, 0, 0])[...])
    #expect(batch.x[24..<32] == ids([943, 267, 0, 0, 13, 100, 0, 0])[...])
  }

  @Test(arguments: [
    ("u.data", "1\t1\t6\t100\n", "u.data, line 1, column 3: '6' is not a rating from 1 to 5"),
    ("u.data", "2\t1\t5\t100\n", "u.data, line 1, column 1: '2' is not a known user"),
    ("u.data", "1\t2\t5\t100\n", "u.data, line 1, column 2: '2' is not a known item"),
    ("u.data", "1\t1\t5\n", "u.data, line 1: 3 fields, expected 4"),
    ("u.data", "", "holds no example"),
    ("u.user", "1|x|M|technician|85711\n", "u.user, line 1, column 2: 'x' is not an age"),
    ("u.user", "9999|1|M|technician|85711\n", "u.user, line 1, column 1: '9999' is not a number below 8192"),
    ("u.user", "1|1|M|pilot|85711\n", "u.user, line 1, column 4: 'pilot' is not an occupation"),
  ])
  func `that is damaged is refused with the place`(_ name: String, _ text: String, _ cause: String) throws {
    let folder = try TemporaryFolder()
    for (name, text) in Self.groupLens { _ = try folder.write(text, to: name) }
    _ = try folder.write(text, to: name)
    let error = #expect(throws: DataError.self) {
      try SourceSpecification(parsing: "movielens:\(folder.path)").open()
    }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
  }

  @Test func `that is missing says how to get it`() throws {
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "movielens:/nowhere").open() }
    #expect(error?.exitStatus == .noInput)
    #expect(error?.description.contains("make data-movielens") == true)
  }
}
