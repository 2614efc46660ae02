/// The element types of the format.
public enum SafetensorsType: String, Hashable, Sendable, CaseIterable {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case u16 = "U16"
  case i16 = "I16"
  case f16 = "F16"
  case bf16 = "BF16"
  case u32 = "U32"
  case i32 = "I32"
  case f32 = "F32"
  case u64 = "U64"
  case i64 = "I64"
  case f64 = "F64"

  /// The size of an element.
  public var byteCount: Int {
    switch self {
    case .bool, .u8, .i8: 1
    case .u16, .i16, .f16, .bf16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    }
  }
}

/// What a safetensors file says before its tensors' bytes.
///
///      0   8  N       the length of the header, little-endian
///      8   N  header  JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …,
///                     "__metadata__": {"key": "value", …}}, padded with spaces to a multiple of 8
///      8+N    data    row-major, little-endian; offsets count from here, without holes to the end of the file
public struct SafetensorsHeader: Hashable, Sendable {
  /// A tensor of the file.
  public struct Entry: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The type of the elements.
    public var type: SafetensorsType
    /// The extents, outermost first.
    public var shape: [Int]
    /// Where the bytes begin after the header.
    public var offset: Int

    /// The tensor `name` of `shape` at `offset`.
    public init(name: String, type: SafetensorsType, shape: [Int], offset: Int) {
      self.name = name
      self.type = type
      self.shape = shape
      self.offset = offset
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The number of bytes.
    public var byteCount: Int { count * type.byteCount }
  }

  /// The longest header that is read or written, as in the format's own library.
  public static let byteLimit = 100_000_000
  /// The most tensors that are read.
  public static let tensorLimit = 1 << 20

  /// The tensors in the order of their bytes.
  public private(set) var entries: [Entry]
  /// Strings about the file.
  public var metadata: [(key: String, value: String)]
  private var index: [String: Int]

  /// The header of a file with `tensors` in this order.
  public init(
    _ tensors: [(name: String, type: SafetensorsType, shape: [Int])], metadata: [(key: String, value: String)] = []
  ) {
    var offset = 0
    entries = tensors.map { tensor in
      let entry = Entry(name: tensor.name, type: tensor.type, shape: tensor.shape, offset: offset)
      offset += entry.byteCount
      return entry
    }
    self.metadata = metadata
    index = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// The header with `entries`, checked: no name twice, sizes that fit shapes, bytes without holes.
  init(
    checking entries: [Entry], ends: [Int], metadata: [(key: String, value: String)]
  ) throws(SafetensorsError) {
    // Empty tensors may share their offset with the next one.
    let order = entries.indices.sorted { (entries[$0].offset, ends[$0], $0) < (entries[$1].offset, ends[$1], $1) }
    var index: [String: Int] = [:]
    var position = 0
    for (place, number) in order.enumerated() {
      let entry = entries[number]
      guard index.updateValue(place, forKey: entry.name) == nil else { throw .repeatedName(entry.name) }
      guard entry.offset == position, ends[number] >= position else {
        throw .notContiguous(tensor: entry.name, begins: entry.offset, expected: position)
      }
      position = ends[number]
      guard Self.byteCount(entry.shape, entry.type) == position - entry.offset else {
        throw .wrongSize(tensor: entry.name, shape: entry.shape, byteCount: position - entry.offset)
      }
    }
    self.entries = order.map { entries[$0] }
    self.metadata = metadata
    self.index = index
  }

  /// The number of bytes of an array, nil if it is not an `Int`.
  private static func byteCount(_ shape: [Int], _ type: SafetensorsType) -> Int? {
    var product = type.byteCount
    for extent in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }

  /// The tensor called `name`.
  public func entry(named name: String) -> Entry? { index[name].map { entries[$0] } }

  /// The metadata called `key`.
  public func metadata(_ key: String) -> String? { metadata.first { $0.key == key }?.value }

  /// The number of bytes that follow the header.
  public var dataByteCount: Int { entries.last.map { $0.offset + $0.byteCount } ?? 0 }

  public static func == (a: Self, b: Self) -> Bool {
    a.entries == b.entries && a.metadata.elementsEqual(b.metadata, by: ==)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(entries) }
}
