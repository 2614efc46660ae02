public import Kernels
import Parameters

/// Which shard has which part of a model: 1,024 slots, dealt out to the shards in runs of equal length.
///
/// A row belongs to the slot of its key; a dense tensor is cut into blocks, each of which belongs to the slot of its
/// tensor and number. Hashing spreads both evenly whatever keys are popular.
public struct ShardMap: Hashable, Sendable {
  /// The number of slots.
  public static let slotCount = 1024
  /// The floats of a block of a dense tensor; the last block of a tensor may have fewer.
  public static let blockLength = 16_384

  /// The number of shards, from 1 to ``slotCount``.
  public let shards: Int

  /// A map over `shards` shards.
  public init(shards: Int) {
    precondition((1...Self.slotCount).contains(shards), "\(shards) shards")
    self.shards = shards
  }

  /// The slot of the row `key`, whatever table it is of: tables that are read by the same ids share their key lists.
  @inline(always)
  public static func slot(ofRow key: UInt64) -> Int { Int(SplitMix64.mix(key &+ rowSalt) >> 54) }

  /// The slot of the block number `block` of the dense tensor number `tensor`.
  @inline(always)
  public static func slot(ofBlock block: Int, tensor: Int) -> Int {
    Int(SplitMix64.mix(UInt64(block) &+ SplitMix64.mix(UInt64(tensor))) >> 54)
  }

  @usableFromInline static var rowSalt: UInt64 { SplitMix64.mix(.max) }

  /// The shard that has `slot`.
  @inline(always)
  public func shard(ofSlot slot: Int) -> Int { slot * shards / Self.slotCount }

  /// Whether several shards may have parts of a parameter.
  func divides(_ spec: ParameterSpec) -> Bool {
    shards > 1 && (spec.kind == .dense ? spec.count > Self.blockLength : spec.rowCount > 1)
  }

  /// The parts of the dense tensor number `tensor`, of `count` floats, that `shard` has: runs of neighbouring blocks,
  /// in order.
  public func ranges(ofTensor tensor: Int, count: Int, on shard: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (block, first) in stride(from: 0, to: count, by: Self.blockLength).enumerated()
    where self.shard(ofSlot: Self.slot(ofBlock: block, tensor: tensor)) == shard {
      let end = min(count, first + Self.blockLength)
      if let last = ranges.last, last.upperBound == first {
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(first..<end)
      }
    }
    return ranges
  }
}
