/// The attributes of a node by name: a small dictionary that keeps its entries sorted, so that walking it gives the
/// same order in every process.
public struct AttributeMap: Equatable, Sendable, ExpressibleByDictionaryLiteral, RandomAccessCollection {
  /// A name and its value.
  public typealias Entry = (name: String, value: AttrValue)

  /// The most attributes that a file may give to a node.
  package static let maximumCount = 4096

  private var entries: [Entry]

  /// The attributes `entries`; of entries that share a name, the last counts.
  public init(_ entries: [Entry]) {
    self.entries = entries
    // A stable sort, by insertion, is quickest for the few attributes of a node.
    if entries.count > 16 {
      let order = entries.indices.sorted {
        entries[$0].name == entries[$1].name ? $0 < $1 : entries[$0].name < entries[$1].name
      }
      self.entries = order.map { entries[$0] }
    } else {
      for index in self.entries.indices.dropFirst() {
        var place = index
        while place > 0, self.entries[place].name < self.entries[place - 1].name {
          self.entries.swapAt(place, place - 1)
          place -= 1
        }
      }
    }
    let sorted = self.entries
    let isLast = { index in index + 1 == sorted.count || sorted[index].name != sorted[index + 1].name }
    if !sorted.indices.allSatisfy(isLast) {
      self.entries = sorted.indices.filter(isLast).map { sorted[$0] }
    }
  }

  public init(dictionaryLiteral elements: (String, AttrValue)...) {
    self.init(elements.map { (name: $0.0, value: $0.1) })
  }

  public var startIndex: Int { 0 }

  public var endIndex: Int { entries.count }

  public subscript(position: Int) -> Entry { entries[position] }

  /// The attribute `name`, if there is one.
  public subscript(name: String) -> AttrValue? {
    get {
      let place = place(of: name)
      return place < entries.count && entries[place].name == name ? entries[place].value : nil
    }
    set {
      let place = place(of: name)
      let exists = place < entries.count && entries[place].name == name
      switch (exists, newValue) {
      case (true, let value?): entries[place].value = value
      case (true, nil): entries.remove(at: place)
      case (false, let value?): entries.insert((name, value), at: place)
      case (false, nil): break
      }
    }
  }

  /// The names, ascending.
  public var names: [String] { entries.map(\.name) }

  /// Where `name` stands or belongs.
  private func place(of name: String) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].name < name { low = middle + 1 } else { high = middle }
    }
    return low
  }

  public static func == (a: AttributeMap, b: AttributeMap) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.value == $1.value }
  }
}

extension ProtobufReader {
  /// An entry of a `map<string, AttrValue>` field, the `index`th to be read: 1 key, 2 value.
  ///
  /// Entries take up to 36 times their bytes once decoded, so there may not be many.
  mutating func mapEntry(
    _ field: ProtobufField, _ name: StaticString, index: Int
  ) throws(ProtobufError) -> AttributeMap.Entry {
    guard index < AttributeMap.maximumCount else {
      throw ProtobufError(
        offset: field.offset, path: ["\(name)"], found: "more attributes",
        expected: "at most \(AttributeMap.maximumCount)")
    }
    var key: String?
    do throws(ProtobufError) {
      return try message(field) { (entry: inout ProtobufReader) throws(ProtobufError) in
        var value = AttrValue.missing
        while let field = try entry.nextField() {
          switch field.number {
          case 1: key = try entry.string(field, "key")
          case 2: value = try entry.message(field, "value", AttrValue.init(decoding:))
          default: try entry.skip(field)
          }
        }
        return (key ?? "", value)
      }
    } catch {
      throw error.within(key.map { "\(name)['\($0)']" } ?? "\(name)[\(index)]")
    }
  }
}
