import Kernels
import Wire

/// Time and chance: what is to happen is called in the order of its time, and of its making where that is the same.
///
/// Everything that may go one way or another asks ``random``, so a seed gives the same history each time.
final class World {
  private struct Item {
    let time: Instant
    let number: UInt64
    let body: () -> Void

    func comes(before other: Item) -> Bool { (time, number) < (other.time, other.number) }
  }

  /// What happens, for the fingerprint.
  enum Note: UInt64 {
    case connected, delivered, ended, broken, hole, started, killed, powerFailed, stopped, diskFailed, wrote, synced
    case asked, answered, failed, finished, fault
  }

  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
  var random: SplitMix64
  /// A number that depends on everything that was noted, and on its order.
  private(set) var fingerprint: UInt64
  /// What must not be, in words.
  private(set) var violations: [String] = []
  private let isTraced: Bool
  private let start: Instant
  private var heap: [Item] = []
  private var lastNumber: UInt64 = 0

  init(seed: UInt64, isTraced: Bool = false) {
    random = SplitMix64(seed: SplitMix64.mix(seed))
    fingerprint = seed
    self.isTraced = isTraced
    start = now
  }

  /// The time since the beginning.
  var time: Duration { now - start }

  /// Notes something, with numbers that tell it from others of its kind.
  func note(_ note: Note, _ numbers: Int...) {
    fingerprint = SplitMix64.mix(fingerprint ^ note.rawValue &+ UInt64(bitPattern: now.nanoseconds) << 8)
    for number in numbers { fingerprint = SplitMix64.mix(fingerprint ^ UInt64(bitPattern: Int64(number))) }
    if isTraced { print("\(time) \(note) \(numbers.map(String.init).joined(separator: " "))") }
  }

  /// Says that something is wrong.
  func violate(_ text: String) {
    violations.append("after \(time): \(text)")
    if isTraced { print("\(time) VIOLATION \(text)") }
  }

  /// Calls `body` after `delay`.
  func after(_ delay: Duration, _ body: @escaping () -> Void) { at(now + delay, body) }

  /// Calls `body` at `time`, or now if that is over.
  func at(_ time: Instant, _ body: @escaping () -> Void) {
    lastNumber += 1
    heap.append(Item(time: max(time, now), number: lastNumber, body: body))
    var child = heap.count - 1
    while child > 0, heap[child].comes(before: heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Lets happen what is due, until `isOver` or the time is up, or something is wrong.
  func run(for duration: Duration, until isOver: () -> Bool = { false }) {
    let end = now + duration
    while violations.isEmpty, !isOver(), let next = heap.first, next.time <= end {
      removeFirst()
      now = next.time
      next.body()
    }
  }

  /// Forgets what was to happen.
  func clear() { heap = [] }

  private func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].comes(before: heap[least]) {
        least = child
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

extension World {
  /// Whether something happens that happens with this probability.
  func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

  /// A whole number.
  func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// A duration, in seconds.
  func seconds(_ range: ClosedRange<Double>) -> Duration { .seconds(Double.random(in: range, using: &random)) }

  /// Thirty-two random bytes.
  func nonce() -> [UInt8] { (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
}

/// Wakes somebody at a moment that mostly moves on before it comes.
final class WorldAlarm {
  private let world: World
  private var time = Instant(nanoseconds: .max)
  private var generation = 0

  init(_ world: World) { self.world = world }

  /// Calls `wake` at `deadline`, or before.
  func set(_ deadline: Instant, _ wake: @escaping () -> Void) {
    guard deadline < time else { return }
    time = deadline
    generation += 1
    world.at(deadline) { [self, generation] in
      guard generation == self.generation else { return }
      time = Instant(nanoseconds: .max)
      wake()
    }
  }

  func clear() {
    generation += 1
    time = Instant(nanoseconds: .max)
  }
}
