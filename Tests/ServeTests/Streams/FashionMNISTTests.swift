import FoundationEssentials
import Serve
import Testing

@Suite(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")))
struct `Fashion-MNIST` {
  @Test(arguments: [("fashion-mnist", 60_000), ("fashion-mnist:test", 10_000)])
  func `has as many images of each of ten kinds`(_ name: String, _ count: Int) throws {
    var source = try SourceSpecification(parsing: name).open()
    #expect(source.exampleShape == [28, 28] && source.count == count)
    var (batch, kinds, darkest, brightest) = (Batch(), [Int](repeating: 0, count: 10), Float(1), Float(0))
    while try source.next(into: &batch, upTo: 4096) {
      for label in batch.y { kinds[Int(label)] += 1 }
      for pixel in batch.x { (darkest, brightest) = (min(darkest, pixel), max(brightest, pixel)) }
    }
    #expect(kinds == [Int](repeating: count / 10, count: 10))
    #expect(darkest == 0 && brightest == 1)
  }
}
