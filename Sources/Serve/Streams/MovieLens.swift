/// MovieLens-100k as a stream: its ratings in the order they were given, as eight categories each.
///
/// Both layouts are read: GroupLens's own (`u.data`, `u.user`, `u.item`) and RecBole's (`ml-100k.inter`,
/// `ml-100k.user`, `ml-100k.item`). The label is 1 for a rating of 4 or 5. Feature *f* (0…7) is the id
/// `f << 13 | value`, below 65,536, and no two values share one:
///
/// | f | feature | value |
/// |---|---|---|
/// | 0 | user | its number, 1…943 |
/// | 1 | item | its number, 1…1682 |
/// | 2 | gender | 0 F, 1 M |
/// | 3 | age | 0 below 18, then from 18, 25, 35, 45, 50, 56 on |
/// | 4 | occupation | its place in ``occupations`` |
/// | 5 | zip code | its first two digits; 100 if they are none |
/// | 6 | release year | the years since 1900; 0 unknown |
/// | 7 | genre | the first one's place in ``genres`` |
///
/// - SeeAlso: F. M. Harper, J. A. Konstan, *The MovieLens Datasets: History and Context*, ACM TiiS 2015.
package struct MovieLens {
  /// The number of features.
  package static let fieldCount = 8

  /// The bits of a feature's value.
  package static let valueBits = 13

  /// GroupLens's list of occupations.
  package static let occupations = [
    "administrator", "artist", "doctor", "educator", "engineer", "entertainment", "executive", "healthcare",
    "homemaker", "lawyer", "librarian", "marketing", "none", "other", "programmer", "retired", "salesman", "scientist",
    "student", "technician", "writer",
  ]

  /// GroupLens's list of genres.
  package static let genres = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
  ]

  private struct Rating {
    var user: Int
    var item: Int
    var label: Float
    var time: Int
  }

  private var users: [Int: [Int]] = [:]
  private var items: [Int: [Int]] = [:]
  private var ratings: [Rating] = []

  /// Reads the data set in `folder` into memory, ordered by time and, within a second, as in the file.
  package static func source(name: String, folder: String) throws(DataError) -> MemorySource {
    var reader = MovieLens()
    do throws(DataError) {
      try reader.readRecBole(folder)
    } catch {
      guard error.isMissing else { throw error }
      try reader.readGroupLens(folder)
    }
    return try reader.source(name: name, folder: folder)
  }

  private mutating func readRecBole(_ folder: String) throws(DataError) {
    for row in try rows("\(folder)/ml-100k.user", "\t", columns: 5, hasHeader: true) {
      try addUser(row, age: row.text(1), gender: row.text(2), occupation: row.text(3), zip: row.text(4))
    }
    for row in try rows("\(folder)/ml-100k.item", "\t", columns: 4, hasHeader: true) {
      let genre = row.text(3).split(separator: " ").first.map(String.init) ?? "unknown"
      try addItem(row, year: row.text(2), genre: Self.genres.firstIndex(of: genre) ?? 0)
    }
    try readRatings("\(folder)/ml-100k.inter", hasHeader: true)
  }

  private mutating func readGroupLens(_ folder: String) throws(DataError) {
    let hint = "unpack MovieLens-100k there: make data-movielens"
    for row in try rows("\(folder)/u.user", "|", columns: 5, hasHeader: false, hint: hint) {
      try addUser(row, age: row.text(1), gender: row.text(2), occupation: row.text(3), zip: row.text(4))
    }
    for row in try rows("\(folder)/u.item", "|", columns: 5 + Self.genres.count, hasHeader: false) {
      let genre = Self.genres.indices.first { row.text(5 + $0) == "1" } ?? 0
      try addItem(row, year: String(row.text(2).suffix(4)), genre: genre)
    }
    try readRatings("\(folder)/u.data", hasHeader: false)
  }

  private mutating func readRatings(_ path: String, hasHeader: Bool) throws(DataError) {
    for row in try rows(path, "\t", columns: 4, hasHeader: hasHeader) {
      let rating = try row.integer(2)
      guard (1...5).contains(rating) else { throw row.wrong(2, "not a rating from 1 to 5") }
      let (user, item) = (try row.integer(0), try row.integer(1))
      guard users[user] != nil else { throw row.wrong(0, "not a known user") }
      guard items[item] != nil else { throw row.wrong(1, "not a known item") }
      ratings.append(Rating(user: user, item: item, label: rating >= 4 ? 1 : 0, time: try row.integer(3)))
    }
  }

  private mutating func addUser(
    _ row: Row, age: String, gender: String, occupation: String, zip: String
  ) throws(DataError) {
    let user = try row.identifier()
    guard let years = Int(age) else { throw row.wrong(1, "not an age") }
    guard gender == "F" || gender == "M" else { throw row.wrong(2, "neither F nor M") }
    guard let occupation = Self.occupations.firstIndex(of: occupation) else { throw row.wrong(3, "not an occupation") }
    let age = [18, 25, 35, 45, 50, 56].count { years >= $0 }
    let prefix = zip.utf8.prefix(2)
    let isNumber = prefix.count == 2 && prefix.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    let zip = isNumber ? prefix.reduce(0) { $0 * 10 + Int($1) - 0x30 } : 100
    users[user] = [gender == "M" ? 1 : 0, age, occupation, zip]
  }

  private mutating func addItem(_ row: Row, year: String, genre: Int) throws(DataError) {
    let year = Int(year).flatMap { (1900..<2100).contains($0) ? $0 - 1900 : nil } ?? 0
    items[try row.identifier()] = [year, genre]
  }

  private func source(name: String, folder: String) throws(DataError) -> MemorySource {
    guard !ratings.isEmpty else { throw DataError(folder, .empty) }
    let order = ratings.indices.sorted { (ratings[$0].time, $0) < (ratings[$1].time, $1) }
    var features: [Float] = []
    features.reserveCapacity(order.count * Self.fieldCount)
    for rating in order.lazy.map({ ratings[$0] }) {
      let values = [rating.user, rating.item] + (users[rating.user] ?? []) + (items[rating.item] ?? [])
      for (field, value) in values.enumerated() { features.append(Float(field << Self.valueBits | value)) }
    }
    return MemorySource(
      name: name, count: order.count, exampleShape: [Self.fieldCount], features: .floats(features),
      labels: order.map { ratings[$0].label }, labelWidth: 1, keepsOrder: true)
  }

  private func rows(
    _ path: String, _ separator: Character, columns: Int, hasHeader: Bool, hint: String = ""
  ) throws(DataError) -> [Row] {
    var lines = LineReader(try ByteStream(path: path, hint: hint))
    var rows: [Row] = []
    if hasHeader { _ = try lines.next() }
    while let line = try lines.next() {
      let text = String(decoding: lines.bytes[line], as: UTF8.self)
      let fields = text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
      guard fields.count == columns else {
        throw DataError(
          path,
          .malformedLine(line: lines.lineNumber, column: nil, "\(fields.count) fields, expected \(columns)"))
      }
      rows.append(Row(path: path, number: lines.lineNumber, fields: fields))
    }
    return rows
  }
}

/// The fields of one line, and where they stand.
private struct Row {
  let path: String
  let number: Int
  let fields: [String]

  func text(_ column: Int) -> String { fields[column] }

  func integer(_ column: Int) throws(DataError) -> Int {
    guard let value = Int(fields[column]) else { throw wrong(column, "not an integer") }
    return value
  }

  /// The number of a user or an item, which must fit into a feature's bits.
  func identifier() throws(DataError) -> Int {
    let value = try integer(0)
    guard (0..<1 << MovieLens.valueBits).contains(value) else { throw wrong(0, "not a number below 8192") }
    return value
  }

  func wrong(_ column: Int, _ problem: String) -> DataError {
    let shown = fields[column].prefix(40)
    return DataError(path, .malformedLine(line: number, column: column + 1, "'\(shown)' is \(problem)"))
  }
}
