import Kernels
import NIOCore
import Testing
import Wire

@Suite struct `A payload on its way out` {
  /// A message with `count` floats among other things.
  private static func message(
    _ scalars: MemoryView<Float>, _ add: (inout MessageWriter, MemoryView<Float>) -> Void
  ) -> MessageWriter {
    var writer = MessageWriter()
    writer.integer(UInt64(7))
    writer.integer(UInt32(1))
    add(&writer, scalars)
    writer.array(count: 3, of: Int64.self) { for index in 0..<3 { $0[index] = Int64(index) } }
    add(&writer, scalars)
    add(&writer, scalars)
    writer.flag(true)
    return writer
  }

  @Test(arguments: [0, 1, 2, 1023, 1024, 1025, 2047, 5001])
  func `has the same bytes and checksum whether its arrays are written or lent`(_ count: Int) {
    var scalars = (0..<count).map(Float.init)
    scalars.withMemoryView { scalars in
      let written = Self.message(scalars) { $0.array($1) }.payload
      var lent = Self.message(scalars) { $0.lend($1) }.outgoing
      #expect(lent.pieces.count == (count < 1024 ? 1 : count % 2 == 0 ? 6 : 7))
      #expect(lent.byteCount == written.readableBytes)
      #expect(lent.joined == written)
      let frame = OutgoingFrame(.pull, requestID: 5, payload: lent)
      #expect(frame.joined == Frame(.pull, requestID: 5, payload: written))
      var other = written
      other.setInteger(UInt64(8), at: 0, endianness: .little)
      lent.replaceStart(by: 8)
      #expect(lent.joined == other)
      #expect(OutgoingFrame(.pull, payload: lent).joined == Frame(.pull, payload: other))
    }
  }

  @Test func `can be cut anywhere`() {
    var scalars = (0..<1025).map(Float.init)
    scalars.withMemoryView { scalars in
      let payload = Self.message(scalars) { $0.lend($1) }.outgoing
      for piece in payload.pieces {
        let bytes = OutgoingPayload(piece).joined
        for count in [0, 1, piece.byteCount - 1, piece.byteCount] {
          let rest = piece.dropFirst(count)
          #expect(rest.byteCount == piece.byteCount - count)
          #expect(OutgoingPayload(rest).joined == bytes.getSlice(at: count, length: rest.byteCount))
          #expect(OutgoingPayload(piece.prefix(count)).joined == bytes.getSlice(at: 0, length: count))
        }
      }
    }
  }

  @Test func `keeps what it owns when the lender changes its array`() {
    var scalars = [Float](repeating: 1, count: 2000)
    scalars.withMemoryView { scalars in
      let payload = Self.message(scalars) { $0.lend($1) }.outgoing
      let (before, owned) = (payload.joined, OutgoingPayload(payload.pieces.map(\.owned)))
      scalars.fill(2)
      #expect(owned.joined == before)
      #expect(payload.joined != before)
    }
  }
}

extension OutgoingPayload {
  fileprivate init(_ piece: Piece) { self.init([piece]) }
}
