import Files
import Serve
import Testing

@Suite struct `A source in memory` {
  @Test func `reads images and labels, plain and compressed`() throws {
    let folder = try TemporaryFolder()
    let images = idx(shape: [3, 2, 2], [0, 51, 102, 153, 204, 255, 0, 0, 1, 2, 3, 4])
    let labels = idx(shape: [3], [7, 8, 9])
    for bytes in [(images, labels), (gzip(images), gzip(labels))] {
      let name = "idx:\(try folder.write(bytes.0, to: "i")),\(try folder.write(bytes.1, to: "l"))"
      var source = try SourceSpecification(parsing: name).open()
      #expect(source.name == name)
      #expect(source.exampleShape == [2, 2] && source.width == 4 && source.labelWidth == 1)
      #expect(source.count == 3 && source.isFinite && !source.keepsOrder)
      try source.reset(epoch: 0, seed: nil)
      var batch = Batch()
      #expect(try source.next(into: &batch, upTo: 2))
      #expect(batch.x == [0, 0.2, 0.4, 0.6, 0.8, 1, 0, 0] && batch.y == [7, 8])
      #expect(batch.examples == 2 && batch.width == 4 && batch.labelWidth == 1 && batch.begin == 0 && batch.end == 2)
      #expect(try source.next(into: &batch, upTo: 2))
      #expect(batch.x == [1, 2, 3, 4].map { Float($0) / 255 } && batch.y == [9])
      #expect(batch.examples == 1 && batch.begin == 2 && batch.end == 3)
      #expect(try !source.next(into: &batch, upTo: 2))
      #expect(batch.examples == 0 && batch.x.isEmpty)
    }
  }

  @Test(arguments: [
    (idx(shape: [3, 1, 1], [1, 2]), "ends after 18 bytes, expected 19"),
    (idx(shape: [3, 1, 1], [1, 2, 3, 4]), "more than the 19 bytes"),
    (idx(shape: [0, 1, 1], []), "holds no example"),
    (idx(shape: [3], [1, 2, 3]), "starts with 00 00 08 01, expected 00 00 08 02"),
    ([0, 0, 13, 3], "starts with 00 00 0d 03"),
    ([0, 0, 8], "ends after 3 bytes"),
    ([0, 0, 8, 3, 0, 0], "ends after 6 bytes, expected 16"),
    (idx(shape: [0xffff_ffff, 0xffff_ffff, 0xffff_ffff], []), "2^63"),
    (Array(gzip(idx(shape: [1, 1, 1], [1])).dropLast(9)), "the compressed data ends too early"),
    ([0x1f, 0x8b, 0, 0], "the compressed data is damaged"),
  ])
  func `refuses damaged images and says why`(_ bytes: [UInt8], _ cause: String) throws {
    let folder = try TemporaryFolder()
    let specification = try SourceSpecification(parsing: "idx:\(try folder.write(bytes, to: "i"))")
    let error = #expect(throws: DataError.self) { try specification.open() }
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
    #expect(error?.exitStatus == .badData)
  }

  @Test func `refuses as many labels as there are not images`() throws {
    let folder = try TemporaryFolder()
    let images = try folder.write(idx(shape: [2, 1, 1], [1, 2]), to: "i")
    let labels = try folder.write(idx(shape: [3], [1, 2, 3]), to: "l")
    let error = #expect(throws: DataError.self) {
      try SourceSpecification(parsing: "idx:\(images),\(labels)").open()
    }
    #expect(error?.reason == .disagreement(what: "the number of labels", found: "3", expected: "2"))
  }

  @Test func `reads arrays, with labels or without`() throws {
    let folder = try TemporaryFolder()
    let (x, y) = ("\(folder.path)/x.npy", "\(folder.path)/y.npy")
    try NpyFile.write(NpyArray(shape: [2, 3], values: .float32([1, 2, 3, 4, 5, 6])), to: x)
    try NpyFile.write(NpyArray(shape: [2, 1], values: .int64([0, 9])), to: y)
    var batch = Batch()
    var labelled = try SourceSpecification(parsing: "npy:\(x),\(y)").open()
    #expect(try labelled.next(into: &batch, upTo: 10))
    #expect(batch.x == [1, 2, 3, 4, 5, 6] && batch.y == [0, 9] && batch.hasLabels)
    var plain = try SourceSpecification(parsing: "npy:\(x)").open()
    #expect(try plain.next(into: &batch, upTo: 10))
    #expect(batch.x == [1, 2, 3, 4, 5, 6] && batch.y.isEmpty && !batch.hasLabels)

    try NpyFile.write(NpyArray(shape: [3], values: .int64([0, 9, 1])), to: y)
    #expect(throws: DataError(y, .disagreement(what: "the number of labels", found: "3", expected: "2"))) {
      try SourceSpecification(parsing: "npy:\(x),\(y)").open()
    }
    try NpyFile.write(NpyArray(shape: [2], values: .int64([0, 16_777_217])), to: y)
    #expect(throws: DataError.self) { try SourceSpecification(parsing: "npy:\(x),\(y)").open() }
    try NpyFile.write(NpyArray(shape: [], values: .int64([0])), to: y)
    #expect(throws: DataError.self) { try SourceSpecification(parsing: "npy:\(x),\(y)").open() }
  }

  @Test(arguments: [UInt64(0), 1, 42])
  func `is shuffled by seed and pass, and every example comes once`(_ seed: UInt64) throws {
    var source = MemorySource(
      name: "numbers", count: 100, exampleShape: [1], features: .floats((0..<100).map { Float($0) }),
      labels: (0..<100).map { Float($0) }, labelWidth: 1)
    func pass(_ epoch: UInt64, _ seed: UInt64?, batch size: Int) throws -> [Float] {
      source.reset(epoch: epoch, seed: seed)
      var (batch, all) = (Batch(), [Float]())
      while source.next(into: &batch, upTo: size) {
        #expect(batch.x == batch.y)
        all += batch.x
      }
      return all
    }
    let first = try pass(0, seed, batch: 7)
    #expect(first.sorted() == (0..<100).map { Float($0) } && first != first.sorted())
    #expect(try pass(0, seed, batch: 100) == first)
    #expect(try pass(1, seed, batch: 7) != first)
    #expect(try pass(0, seed + 1, batch: 7) != first)
    #expect(try pass(0, nil, batch: 7) == first.sorted())
  }
}
