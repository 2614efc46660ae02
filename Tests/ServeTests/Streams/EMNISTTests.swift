import Files
import Serve
import Testing

@Suite struct `EMNIST` {
  @Test(arguments: [false, true])
  func `stands upright`(_ isCompressed: Bool) throws {
    let folder = try TemporaryFolder()
    let suffix = isCompressed ? ".gz" : ""
    for (name, bytes) in [
      ("images-idx3", idx(shape: [1, 2, 2], [0, 51, 102, 255])), ("labels-idx1", idx(shape: [1], [26])),
    ] {
      _ = try folder.write(isCompressed ? gzip(bytes) : bytes, to: "emnist-letters-test-\(name)-ubyte\(suffix)")
    }
    var source = try SourceSpecification(parsing: "emnist:\(folder.path)?split=test").open()
    var batch = Batch()
    #expect(try source.next(into: &batch, upTo: 1))
    #expect(batch.x == [0, 0.4, 0.2, 1] && batch.y == [26])
    let missing = #expect(throws: DataError.self) {
      try SourceSpecification(parsing: "emnist:\(folder.path)?set=digits").open()
    }
    #expect(missing?.exitStatus == .noInput)
  }
}
