import Kernels
import NIOCore
import Testing
import Wire

@Suite struct `Frames` {
  private static let frames = [
    Frame(.ping, requestID: 1, payload: ByteBuffer(bytes: 0..<8)), Frame(.pull, requestID: 2),
    Frame(.pull, flags: [.needsDurability, .clock], epoch: 3, requestID: 4, payload: ByteBuffer(bytes: 0..<40)),
  ]

  private static func assemble(
    _ pieces: [ArraySlice<UInt8>], _ place: ChecksumPlace = .before
  ) throws(Refusal) -> [Frame] {
    var assembler = FrameAssembler(place)
    return try assembler.frames(in: pieces)
  }

  private static func code(_ bytes: [UInt8], _ place: ChecksumPlace = .before, limit: Int = 1 << 20) -> ErrorCode? {
    var assembler = FrameAssembler(place, limit: limit)
    return assembler.code(of: bytes)
  }

  @Test(arguments: ChecksumPlace.allCases)
  func `arrive as they were sent, wherever the bytes are split`(_ place: ChecksumPlace) throws {
    let bytes = Self.frames.flatMap { $0.bytes(place) }
    for split in 0...bytes.count {
      #expect(try Self.assemble([bytes[..<split], bytes[split...]], place) == Self.frames, "split at \(split)")
    }
    #expect(try Self.assemble(bytes.indices.map { bytes[$0...$0] }, place) == Self.frames)
  }

  @Test(arguments: ChecksumPlace.allCases)
  func `that are cut off anywhere are no frames, and no errors`(_ place: ChecksumPlace) throws {
    let bytes = Self.frames[2].bytes(place)
    for length in bytes.indices { #expect(try Self.assemble([bytes[..<length]], place) == []) }
  }

  @Test(arguments: ChecksumPlace.allCases)
  func `with any bit flipped are refused, or wait for more than there is`(_ place: ChecksumPlace) throws {
    let frame = Self.frames[2].bytes(place)
    for bit in 0..<frame.count * 8 {
      var bytes = frame
      bytes[bit / 8] ^= 1 << (bit % 8)
      let expected: ErrorCode =
        switch bit / 8 {
        case 0..<4: .badMagic
        case 4..<32: .badHeaderChecksum
        default: .badPayloadChecksum
        }
      #expect(Self.code(bytes, place) == expected, "bit \(bit)")
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}", "*1\r\n$4\r\nPING\r\n", "\0"])
  func `of other protocols are refused at the first byte`(_ text: String) {
    #expect(Self.code(Array(text.utf8.prefix(1))) == .badMagic)
    #expect(Self.code(Array(text.utf8)) == .badMagic)
  }

  @Test func `of other versions, with unknown flags or too long are refused, each with its number`() {
    let frame = Self.frames[0]
    for version: UInt8 in [0, 2, 255] { #expect(Self.code(frame.changed { $0[4] = version }) == .unsupportedVersion) }
    for bit in 6..<16 { #expect(Self.code(frame.changed { $0[6 + bit / 8] |= 1 << (bit % 8) }) == .reservedBits) }
    let lengths: [UInt32] = [1025, 1 << 31, .max]
    for length in lengths {
      let bytes = frame.changed { bytes in
        for byte in 0..<4 { bytes[8 + byte] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(byte))) }
      }
      #expect(Self.code(Array(bytes[..<32]), limit: 1024) == .frameTooLarge)
    }
    #expect(Self.code(frame.changed { $0[24] ^= 1 }) == .badPayloadChecksum)
    #expect(Self.code(Self.frames[1].changed { $0[24] = 1 }) == .badPayloadChecksum)
  }

  @Test func `take memory as their bytes arrive`() throws {
    var assembler = FrameAssembler(payloadLimit: 256 << 20)
    let header = FrameHeader(type: .pull, length: 256 << 20, requestID: 1)
    var input = ByteBuffer()
    header.write(to: &input)
    input.writeRepeatingByte(0, count: 1000)
    #expect(try assembler.next(from: &input) == nil)
    #expect(assembler.isInsideFrame)
    #expect(assembler.payloadBytes == 1000)
    #expect(assembler.payloadCapacity < 64 << 10)
  }

  @Test(arguments: [1, 100, 5000, 70_000], ChecksumPlace.allCases)
  func `are read to where they belong, in pieces of any size`(_ piece: Int, _ place: ChecksumPlace) throws {
    let frames = [100_000, 12, 40_000, 0, 300_000].enumerated().map { number, count in
      Frame(
        .pull, requestID: UInt64(number + 1),
        payload: ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0) }))
    }
    var line = ByteBuffer(bytes: frames.flatMap { $0.bytes(place) })
    var assembler = FrameAssembler(place)
    var received: [Frame] = []
    while line.readableBytes > 0 {
      var input = ByteBuffer()
      if var memory = assembler.lend() {
        #expect(memory.writableBytes > 0)
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

  @Test func `lend memory for no more than twice what has come, and for nothing behind their end`() throws {
    var assembler = FrameAssembler(payloadLimit: 256 << 20)
    #expect(assembler.lend() == nil)
    var input = ByteBuffer()
    FrameHeader(type: .pull, length: 100_000, requestID: 1).write(to: &input)
    #expect(try assembler.next(from: &input) == nil)
    var rooms: [Int] = []
    while var memory = assembler.lend() {
      rooms.append(memory.writableBytes)
      memory.writeRepeatingByte(0, count: memory.writableBytes)
      #expect(assembler.takeBack(memory) == rooms.last)
      #expect(assembler.missingBytes == 100_000 - rooms.reduce(0, +))
    }
    #expect(rooms == [16_384, 16_386, 32_772, 34_458])
    #expect(assembler.payloadBytes == 100_000)
  }
}
