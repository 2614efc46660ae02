import GraphDefImport
import TestSupport
import Testing

@Suite struct `A damaged graph` {
  /// Reads everything there is to read in `bytes`, and is content with errors.
  static func exhaust(_ bytes: [UInt8]) {
    guard let graph = try? GraphDef(decoding: bytes) else {
      _ = GraphFileKind(recognizing: bytes, path: "graph.pb")
      return
    }
    for node in graph.nodes + graph.functions.flatMap(\.nodes) {
      for input in node.inputs { _ = InputReference(parsing: input) }
      for (_, value) in node.attributes {
        guard let tensor = value.tensor else { continue }
        let limit = 4096
        _ = try? tensor.elementCount()
        _ = try? tensor.uniformValue()
        _ = try? tensor.doubles(limit: limit)
        _ = try? tensor.int64s(limit: limit)
        _ = try? tensor.bools(limit: limit)
        _ = try? tensor.strings(limit: limit)
      }
    }
  }

  @Test func `is refused or read at every length`() throws {
    let bytes = `A graph`.sampleBytes
    let ends = Set(Self.topLevelEnds(of: bytes))
    for count in 1..<bytes.count {
      let prefix = Array(bytes.prefix(count))
      Self.exhaust(prefix)
      do throws(GraphFileError) {
        _ = try GraphFile(decoding: prefix, path: "graph.pb")
        #expect(ends.contains(count), "\(count) bytes")
      } catch {
        guard case .truncated(byteCount: count, _) = error.reason else {
          Issue.record("\(count) bytes: \(error)")
          continue
        }
      }
    }
  }

  /// Where the fields of the message in `bytes` end.
  private static func topLevelEnds(of bytes: [UInt8]) -> [Int] {
    var reader = ProtobufReader(bytes)
    var ends: [Int] = []
    while let field = try? reader.nextField() {
      guard (try? reader.skip(field)) != nil else { break }
      ends.append(reader.offset)
    }
    return ends
  }

  @Test(.timeLimit(.minutes(2)), arguments: ["sample", "tensors.pb", "functions.pb"])
  func `is refused or read after twenty thousand mutations`(_ name: String) throws {
    let original = try name == "sample" ? `A graph`.sampleBytes : Fixture.bytes(name)
    var random = SplitMix64(seed: 1)
    for _ in 0..<(name == "sample" ? 20_000 : 4_000) {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&bytes, &random) }
      Self.exhaust(bytes)
    }
  }

  /// Changes, removes, inserts, repeats or moves a few bytes.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
    guard place < bytes.count else { return }
    let run = place..<min(bytes.count, place + Int.random(in: 1...12, using: &random))
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
    case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
    case 3: bytes.removeSubrange(run)
    case 4: bytes.insert(contentsOf: bytes[run], at: place)
    case 5: bytes.insert(contentsOf: [UInt8](repeating: 0xFF, count: 9) + [0x01], at: place)
    default: bytes.replaceSubrange(run, with: run.map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
  }
}

/// A small generator of random numbers whose seed is all it depends on.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
