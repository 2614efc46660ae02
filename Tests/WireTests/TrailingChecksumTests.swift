import Kernels
import NIOCore
import Testing
import Wire

@Suite struct `A checksum behind its payload` {
  private static let frame = Frame(
    .pull, flags: [.needsDurability, .clock], epoch: 3, requestID: 4, payload: ByteBuffer(bytes: 0..<40))

  private static func assemble(_ pieces: [ArraySlice<UInt8>]) throws(Refusal) -> [Frame] {
    var assembler = FrameAssembler(.behind, limit: 8 << 20)
    return try assembler.frames(in: pieces)
  }

  @Test func `may be in one frame and not in the next, wherever the bytes are split`() throws {
    let frames = [Self.frame, Frame(.pull, requestID: 5), Self.frame]
    let bytes = frames[0].bytesWithTrailingChecksum + frames[1].bytesWithTrailingChecksum + frames[2].bytes
    for split in 0...bytes.count {
      #expect(try Self.assemble([bytes[..<split], bytes[split...]]) == frames, "split at \(split)")
    }
    #expect(try Self.assemble(bytes.indices.map { bytes[$0...$0] }) == frames)
  }

  @Test func `is refused where it was not agreed, or beside one in the header`() {
    let bytes = Self.frame.bytesWithTrailingChecksum
    var (without, with) = (FrameAssembler(.before), FrameAssembler(.behind))
    #expect(without.code(of: bytes) == .reservedBits)
    #expect(with.code(of: Self.frame.changed { $0[6] |= 1 << 6 } + bytes.suffix(4)) == .reservedBits)
    var (script, knowing) = (ServerScript.ready(), ServerScript.ready(features: .known))
    #expect(script.send(bytes).map(\.ending?.code) == [.reservedBits])
    guard case .serve(Self.frame) = knowing.send(bytes).first else { return #expect(Bool(false)) }
  }

  @Test(arguments: [0, 1, 1000, 16_383, 16_384, 50_001, 200_000])
  func `lets a long frame leave in parts`(_ count: Int) throws {
    var scalars = (0..<count).map(Float.init)
    try scalars.withMemoryView { scalars in
      var writer = MessageWriter()
      writer.integer(UInt64(7))
      writer.lend(scalars)
      writer.lend(scalars)
      writer.flag(true)
      let frame = OutgoingFrame(.pull, requestID: 5, payload: writer.outgoing)
      for divides in [false, true] {
        var (parts, sizes, bytes) = (FrameParts(frame, divides: divides), [Int](), [UInt8]())
        while let part = parts.next() {
          let joined = OutgoingPayload(part).joined
          sizes.append(joined.readableBytes)
          bytes += joined.readableBytesView
        }
        let isDivided = divides && frame.payload.byteCount >= FrameParts.leastDivided
        #expect((sizes.count > 1) == isDivided)
        #expect((bytes == frame.joined.bytes) == !isDivided)
        if isDivided { #expect(sizes[0] < 20_000 && sizes.max()! <= FrameParts.byteCount + 4) }
        let received = try Self.assemble([bytes[...]])
        #expect(received == [frame.joined])
      }
    }
  }

  @Test func `stands for what the lender had when the rest of the frame was copied`() throws {
    var scalars = [Float](repeating: 1, count: 50_000)
    try scalars.withMemoryView { scalars in
      var writer = MessageWriter()
      writer.lend(scalars)
      let frame = OutgoingFrame(.pull, requestID: 5, payload: writer.outgoing)
      let expected = frame.joined
      var parts = FrameParts(frame, divides: true)
      var bytes = Array(OutgoingPayload(parts.next()!).joined.readableBytesView)
      parts = parts.owned
      scalars.fill(2)
      while let part = parts.next() { bytes += OutgoingPayload(part).joined.readableBytesView }
      let received = try Self.assemble([bytes[...]])
      #expect(received == [expected])
    }
  }
}
