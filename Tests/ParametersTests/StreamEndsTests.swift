import Parameters
import Testing

@Suite struct `The ends of streams` {
  @Test func `are kept of those that were applied last`() {
    var ends = StreamEnds()
    for number in 0..<StreamEnds.limit { ends.advance("s\(number)", to: 1) }
    ends.advance("s0", to: 2)
    ends.advance("new", to: 1)
    #expect(ends["s0"] == 2 && ends["new"] == 1)
    #expect(ends["s1"] == nil && ends["s2"] == 1)
    #expect(ends.byName.count == StreamEnds.limit)
  }

  @Test func `are kept as far as their names fit into the header of a file`() {
    var ends = StreamEnds(byteLimit: 1000)
    for number in 0..<10 { ends.advance(String(repeating: "\"", count: 50) + "\(number)", to: 1) }
    // A quotation mark takes two bytes there, so that a stream takes 134.
    #expect(ends.inOrder.map { String($0.name.suffix(1)) } == ["3", "4", "5", "6", "7", "8", "9"])
    ends.advance("short", to: 1)
    #expect(ends.byName.count == 8)
  }
}
