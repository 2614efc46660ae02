import Files
import Serve
import Testing

@Suite struct `An npy file` {
  static let arrays: [NpyArray] = [
    NpyArray(shape: [2, 3], values: .float32([0, -0.5, 1, .infinity, .leastNonzeroMagnitude, 3])),
    NpyArray(shape: [], values: .float64([.pi])),
    NpyArray(shape: [0, 4], values: .int32([])),
    NpyArray(shape: [3], values: .int64([.min, 0, .max])),
    NpyArray(shape: [1, 1, 2], values: .uint8([0, 255])),
    NpyArray(shape: [2], values: .bool([true, false])),
  ]

  @Test(arguments: arrays)
  func `gives back what was written`(_ array: NpyArray) throws {
    let folder = try TemporaryFolder()
    try NpyFile.write(array, to: "\(folder.path)/a.npy")
    #expect(try NpyFile.read("\(folder.path)/a.npy") == array)
    #expect(try folder.names == ["a.npy"])
    let bytes = try folder.read("a.npy")
    #expect((bytes.count - array.values.byteCount) % 64 == 0)
    #expect(try NpyFile.read(folder.write(gzip(bytes), to: "a.npy.gz")) == array)
  }

  @Test func `is refused at every length but its own`() throws {
    let bytes = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", [0, 0, 128, 63, 0, 0, 0, 64])
    #expect(try NpyFile.decode(bytes, name: "a").values == .float32([1, 2]))
    for count in 0..<bytes.count {
      let error = #expect(throws: DataError.self) { try NpyFile.decode(Array(bytes.prefix(count)), name: "a") }
      guard case .truncated(let expected, count) = error?.reason, expected > count else {
        Issue.record("\(count) bytes: \(String(describing: error))")
        continue
      }
    }
    #expect(throws: DataError("a", .trailingBytes(expected: bytes.count))) {
      try NpyFile.decode(bytes + [0], name: "a")
    }
  }

  @Test func `never traps on a damaged byte`() throws {
    let bytes = file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", [0, 0, 128, 63, 0, 0, 0, 64])
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        _ = try? NpyFile.decode(damaged, name: "a")
      }
    }
  }

  @Test(
    arguments: [
      ("<f2", [0, 60, 0, 192], NpyArray.Values.float32([1, -2])),
      ("<u2", [1, 0, 255, 255], .int32([1, 65535])),
      ("<i2", [1, 0, 255, 255], .int32([1, -1])),
      ("|i1", [1, 255], .int32([1, -1])),
      ("<u4", [1, 0, 0, 0, 255, 255, 255, 255], .int64([1, 4_294_967_295])),
      ("|b1", [2, 0], .bool([true, false])),
    ] as [(String, [UInt8], NpyArray.Values)])
  func `of a smaller type is widened`(_ type: String, _ data: [UInt8], _ expected: NpyArray.Values) throws {
    let bytes = file("{'descr': '\(type)', 'fortran_order': False, 'shape': (2,), }", data)
    #expect(try NpyFile.decode(bytes, name: "a") == NpyArray(shape: [2], values: expected))
  }

  @Test func `in Fortran order is turned round`() throws {
    let bytes = file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", Array(0..<12))
    let expected: [UInt8] = [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]
    #expect(try NpyFile.decode(bytes, name: "a") == NpyArray(shape: [2, 3, 2], values: .uint8(expected)))
  }

  @Test(arguments: [
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "big-endian"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "'<c8'"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "'|O'"),
    ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", "structured"),
    ("{'descr': '<f4', 'fortran_order': False}", "are needed"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "repeated"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'z': 1}", "'z'"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "True or False"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", "not a tuple"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "extent is missing"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "2^63"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "2^63"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,), }", "2^63"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "follows"),
  ])
  func `with a bad header is refused with the cause`(_ header: String, _ cause: String) throws {
    let error = #expect(throws: DataError.self) { try NpyFile.decode(file(header, []), name: "a") }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
    #expect(error?.exitStatus == .badData)
  }

  @Test func `that claims too much takes no memory for it`() throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    let plain = file(header, [0, 0, 0, 0])
    #expect(throws: DataError.self) { try NpyFile.decode(plain, name: "a") }
    #expect(throws: DataError("a", .truncated(expected: 4_000_000_000_128, found: 132))) {
      try NpyFile.decode(gzip(plain), name: "a")
    }
  }

  @Test func `of another kind or another version is named`() throws {
    let error = #expect(throws: DataError.self) { try NpyFile.decode(Array("PK\u{3}\u{4}abcdef".utf8), name: "a.npz") }
    #expect(error?.description == "a.npz: starts with 50 4b 03 04 61 62 63 64, expected 93 'NUMPY' (a .npy file)")
    let other = [0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0]
    #expect(throws: DataError("a", .unsupportedType(found: ".npy version 4.0", supported: "1.0 to 3.0"))) {
      try NpyFile.decode(other, name: "a")
    }
  }

  @Test func `that cannot be opened, created or written ends with the right status`() throws {
    let folder = try TemporaryFolder()
    let array = NpyArray(shape: [], values: .uint8([1]))
    let missing = #expect(throws: DataError.self) { try NpyFile.read("\(folder.path)/none.npy") }
    #expect(missing?.exitStatus == .noInput)
    let directory = #expect(throws: DataError.self) { try NpyFile.read(folder.path) }
    #expect(directory?.exitStatus == .noInput)
    let nowhere = #expect(throws: DataError.self) { try NpyFile.write(array, to: "\(folder.path)/no/a.npy") }
    #expect(nowhere?.exitStatus == .cannotCreate)
    let full = #expect(throws: DataError.self) { try NpyFile.write(array, to: "/dev/full") }
    #expect(full?.exitStatus == .inputOutput)
    #expect(full?.description.contains("No space left") == true)
  }

  @Test func `keeps its old content if writing fails`() throws {
    struct Interrupted: Error {}
    let folder = try TemporaryFolder()
    let path = try folder.write("old", to: "a.npy")
    let failure = DataError("a.npy", .inputOutput("the disk is gone"))
    #expect(throws: failure) {
      try OutputFile.replace(path) { (file) throws(DataError) in
        try file.write(Array("new".utf8))
        throw failure
      }
    }
    #expect(try folder.read("a.npy") == Array("old".utf8))
    #expect(try folder.names == ["a.npy"])
  }

  /// Version 2.0, to exercise the longer length; versions 1.0 are written by ``NpyFile`` itself.
  private func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    let padded = header + String(repeating: " ", count: 115 - header.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [2, 0, 116, 0, 0, 0] + Array(padded.utf8) + data
  }
}

extension NpyArray.Values {
  /// The number of bytes in a file.
  var byteCount: Int {
    switch self {
    case .float32, .int32: count * 4
    case .float64, .int64: count * 8
    case .uint8, .bool: count
    }
  }
}
