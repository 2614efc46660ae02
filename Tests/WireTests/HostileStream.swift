import Kernels
import NIOCore
import Wire

/// What a client may send that means no good: a conversation, changed in a few places that matter.
struct HostileStream {
  /// The frames, each with the bytes that are sent for it.
  private var frames: [[UInt8]]
  private var random: SplitMix64

  private static let hellos = [Frame.hello().bytes, Frame.hello(features: .known).bytes]
  private static let proof = Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof)).bytes
  private static let requests =
    (1...6).map { Frame.pull($0, byteCount: [0, 1, 8, 40, 200, 1000][Int($0) - 1]).bytes } + [
      Frame(.ping, requestID: 7, payload: .filled(8)).bytes,
      Frame(MessageType(rawValue: 0x7F), flags: [.clock, .needsDurability], requestID: 8).bytes,
      Frame.pull(9, byteCount: 100).bytesWithTrailingChecksum,
    ]

  /// The stream number `seed`.
  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    frames = [Self.hellos.randomElement(using: &random)!, Self.proof]
    for _ in 0..<Int.random(in: 0...4, using: &random) { frames.append(Self.requests.randomElement(using: &random)!) }
    for _ in 0..<Int.random(in: 0...2, using: &random) { mutate() }
  }

  /// The bytes, in the pieces in which they arrive.
  mutating func pieces() -> [ArraySlice<UInt8>] {
    var bytes = frames.flatMap(\.self)
    if Int.random(in: 0..<16, using: &random) == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
    let cuts = (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0...bytes.count, using: &random) }
    let ends = [0] + cuts.sorted() + [bytes.count]
    return zip(ends, ends.dropFirst()).map { bytes[$0..<$1] }
  }

  private mutating func mutate() {
    let index = Int.random(in: frames.indices, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: flip(index)
    case 1: changeHeader(index, 4..<28)
    case 2: changeHeader(index, 5..<8)
    case 3: setLength(index)
    case 4: changePayload(index)
    case 5: frames.insert(frames.randomElement(using: &random)!, at: index)
    case 6: frames.remove(at: index)
    case 7: frames.swapAt(index, Int.random(in: frames.indices, using: &random))
    case 8: frames.insert(noise(), at: index)
    default: frames[index].removeLast(Int.random(in: 0...frames[index].count, using: &random))
    }
    if frames.isEmpty { frames.append(noise()) }
  }

  private mutating func noise() -> [UInt8] {
    (0..<Int.random(in: 1...80, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }

  private mutating func flip(_ index: Int) {
    guard let place = frames[index].indices.randomElement(using: &random) else { return }
    frames[index][place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
  }

  private mutating func changeHeader(_ index: Int, _ places: Range<Int>) {
    guard frames[index].count >= 32 else { return }
    frames[index][Int.random(in: places, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
    frames[index] = frames[index].withHeaderChecksum
  }

  private mutating func setLength(_ index: Int) {
    guard frames[index].count >= 32 else { return }
    let lengths: [UInt32] = [0, 1, 31, 89, 1024, 1025, 1 << 20, 64 << 20, 64 << 20 + 1, 1 << 31, .max]
    let length = lengths.randomElement(using: &random)!
    for byte in 0..<4 { frames[index][8 + byte] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(byte))) }
    frames[index] = frames[index].withHeaderChecksum
  }

  /// Damage that no checksum shows.
  private mutating func changePayload(_ index: Int) {
    guard frames[index].count > 32 else { return }
    frames[index][Int.random(in: 32..<frames[index].count, using: &random)] =
      [0, 1, 0x7F, 0xFF, UInt8.random(in: .min ... .max, using: &random)].randomElement(using: &random)!
    let checksum = ByteBuffer(bytes: frames[index]).checksum(at: 32, length: frames[index].count - 32)
    for byte in 0..<4 { frames[index][24 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(byte))) }
    frames[index] = frames[index].withHeaderChecksum
  }
}
