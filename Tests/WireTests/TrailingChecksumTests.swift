import Kernels
import NIOCore
import Testing
import Wire

@Suite struct `A checksum behind its payload` {
  private static let frame = Frame(
    .pull, flags: [.needsDurability, .clock], epoch: 3, requestID: 4, payload: ByteBuffer(bytes: 0..<40))

  private static func assembler(agreed: Bool = true) -> FrameAssembler {
    var assembler = FrameAssembler(payloadLimit: 8 << 20)
    assembler.takesTrailingChecksums = agreed
    return assembler
  }

  private static func assemble(_ pieces: [ArraySlice<UInt8>], agreed: Bool = true) throws(Refusal) -> [Frame] {
    var (assembler, frames) = (assembler(agreed: agreed), [Frame]())
    for piece in pieces {
      var input = ByteBuffer(bytes: piece)
      while let frame = try assembler.next(from: &input) { frames.append(frame) }
    }
    return frames
  }

  private static func code(_ bytes: [UInt8], agreed: Bool = true) -> ErrorCode? {
    do throws(Refusal) {
      _ = try assemble([bytes[...]], agreed: agreed)
      return nil
    } catch { return error.code }
  }

  @Test func `gives the frame that it would give before it, wherever the bytes are split`() throws {
    let frames = [Self.frame, Frame(.pull, requestID: 5), Self.frame]
    let bytes = frames[0].bytesWithTrailingChecksum + frames[1].bytesWithTrailingChecksum + frames[2].bytes
    for split in 0...bytes.count {
      #expect(try Self.assemble([bytes[..<split], bytes[split...]]) == frames, "split at \(split)")
    }
    #expect(try Self.assemble(bytes.indices.map { bytes[$0...$0] }) == frames)
    let frame = Self.frame.bytesWithTrailingChecksum
    for length in frame.indices { #expect(try Self.assemble([frame[..<length]]) == []) }
  }

  @Test func `is wrong if any bit was flipped`() {
    let frame = Self.frame.bytesWithTrailingChecksum
    for bit in 0..<frame.count * 8 {
      var bytes = frame
      bytes[bit / 8] ^= 1 << (bit % 8)
      let expected: ErrorCode =
        switch bit / 8 {
        case 0..<4: .badMagic
        case 4..<32: .badHeaderChecksum
        default: .badPayloadChecksum
        }
      #expect(Self.code(bytes) == expected, "bit \(bit)")
    }
  }

  @Test func `is refused where it was not agreed, or beside one in the header`() {
    let bytes = Self.frame.bytesWithTrailingChecksum
    #expect(Self.code(bytes, agreed: false) == .reservedBits)
    #expect(Self.code(Self.frame.changed { $0[6] |= 1 << 6 } + bytes.suffix(4)) == .reservedBits)
    var (script, knowing) = (ServerScript.ready(), ServerScript.ready(features: .known))
    #expect(script.send(bytes).map(\.ending?.code) == [.reservedBits])
    guard case .serve(Self.frame) = knowing.send(bytes).first else { return #expect(Bool(false)) }
  }

  @Test(arguments: [1, 100, 5000, 70_000])
  func `is read with its payload to where that belongs, in pieces of any size`(_ piece: Int) throws {
    let frames = [100_000, 12, 40_000, 300_000].enumerated().map { number, count in
      Frame(
        .pull, requestID: UInt64(number + 1),
        payload: ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0) }))
    }
    var line = ByteBuffer(bytes: frames.flatMap(\.bytesWithTrailingChecksum))
    var (assembler, received) = (Self.assembler(), [Frame]())
    while line.readableBytes > 0 {
      var input = ByteBuffer()
      if var memory = assembler.lend() {
        let count = min(piece, memory.writableBytes, line.readableBytes)
        memory.writeImmutableBuffer(line.readSlice(length: count)!)
        #expect(assembler.takeBack(memory) == count)
        if let (header, payload) = assembler.unfinished { #expect(payload.readableBytes <= header.length) }
      } else {
        input = line.readSlice(length: min(piece, 4096, line.readableBytes))!
      }
      while let frame = try assembler.next(from: &input) { received.append(frame) }
    }
    #expect(received == frames)
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
