import Files
import Foundation
import Parameters
import Serve
import Testing

@Suite struct `A file of parameters` {
  typealias Form = ExchangeFixture.Form

  @Test(arguments: Form.allCases) func `has the values that another program wrote`(_ form: Form) throws {
    let file = try form.open(form.path)
    #expect(file.names.isSuperset(of: ["w", "b"]))
    #expect(try ExchangeFixture.contents(file) == ExchangeFixture.values)
  }

  @Test(arguments: Form.allCases) func `gives back what was written, always as the same bytes`(_ form: Form) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/written"
    try form.write(ExchangeFixture.store(), to: path)
    #expect(try ExchangeFixture.contents(form.open(path)) == ExchangeFixture.values)
    let bytes = try folder.read("written")
    try form.write(ExchangeFixture.store(), to: path)
    #expect(try folder.read("written") == bytes)
    #expect(try folder.names == ["written"])
    if form == .reference { #expect(try bytes == ExchangeFixture.bytes(of: form.path)) }
  }

  @Test(arguments: Form.allCases) func `keeps its permissions when it is written again`(_ form: Form) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/written"
    for permissions in [0o600, 0o666] as [UInt32] {
      try form.write(ExchangeFixture.store(), to: path)
      let status = unsafe chmod(path, permissions)
      try #require(status == 0)
      try form.write(ExchangeFixture.store(), to: path)
      #expect(SystemFiles.permissions(ofFile: path) == permissions)
    }
  }

  @Test(arguments: Form.allCases) func `is written where a link leads, whether a file is there or not`(
    _ form: Form
  ) throws {
    let folder = try TemporaryFolder()
    let link = "\(folder.path)/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "written")
    for _ in 0..<2 {
      try form.write(ExchangeFixture.store(), to: link)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "written")
      #expect(try ExchangeFixture.contents(form.open("\(folder.path)/written")) == ExchangeFixture.values)
    }
    #expect(try folder.names == ["link", "written"])
  }

  @Test(arguments: Form.allCases) func `is refused at every length but its own`(_ form: Form) throws {
    let folder = try TemporaryFolder()
    let bytes = try ExchangeFixture.bytes(of: form.path)
    // Files of records end well where a record does; what is missing then is found when it is asked for.
    for count in 0..<bytes.count {
      let path = try folder.write(Array(bytes.prefix(count)), to: "short")
      #expect(throws: (any Error).self, "\(count) bytes") {
        let file = try form.open(path)
        _ = try ExchangeFixture.contents(file)
      }
    }
  }

  @Test(arguments: Form.allCases) func `never traps on a damaged byte, nor takes one for a value in an archive`(
    _ form: Form
  ) throws {
    let folder = try TemporaryFolder()
    let bytes = try ExchangeFixture.bytes(of: form.path)
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        let path = try folder.write(damaged, to: "damaged")
        guard let contents = try? ExchangeFixture.contents(form.open(path)) else { continue }
        // The reference's forms have no checksums.
        if form == .stored || form == .deflated { #expect(contents == ExchangeFixture.values, "\(index), bit \(bit)") }
      }
    }
  }

  @Test(arguments: Form.allCases) func `says what is wrong with a tensor of another size`(_ form: Form) throws {
    let file = try form.open(form.path)
    let error = #expect(throws: DataError.self) { try file.read(StoredTensor(name: "w", shape: [3, 3])) }
    #expect(error?.exitStatus == .badData)
    #expect(error?.description.contains("expected \(form == .stored || form == .deflated ? "[3, 3]" : "9")") == true)
  }

  @Test func `of the reference's server keeps the parameters of other models when one is written`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(ExchangeFixture.bytes(of: Form.store.path), to: "store.dt")
    let store = try ExchangeFixture.store()
    try store.write([9], to: "b")
    try ReferenceStore.write(ExchangeFixture.keys, of: store, to: path)
    let other = try ReferenceStore(path, .init(model: 5, parameters: ["x"]))
    #expect(try other.read(StoredTensor(name: "x", shape: [2])) == [7, 8])
    #expect(try ReferenceStore(path, ExchangeFixture.keys).read(StoredTensor(name: "b", shape: [])) == [9])
    #expect(throws: DataError.self) { try ReferenceStore(path, .init(model: 2, parameters: ["w"])) }
  }

  @Test(arguments: [
    ("small 2\nother 5\n", nil), ("  small\t2", nil), ("other 5", "expected one with 'small'"),
    ("small two", "line 1"), ("other 5\nsmall", "line 2"), ("small 2\nother 2", "line 2"),
    ("small 2\n\nsmall 3", "line 3"), ("small 4194304", "below 4194304"), ("", "expected one with 'small'"),
  ]) func `of the reference's server needs a list with the model's number`(_ text: String, _ cause: String?) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "model_list")
    guard let cause else {
      #expect(try ModelList(path).number(of: "small") == 2)
      return
    }
    let error = #expect(throws: DataError.self) { try ModelList(path).number(of: "small") }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
  }
}
