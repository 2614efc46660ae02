import Graph
import Kernels

/// Turns dropout off while a graph is imported for scoring.
///
/// Dropout multiplies a tensor with a random mask and divides it by the probability of being kept, in one of several
/// orders and spellings. What each value of the program means for it is followed from the uniform random numbers on;
/// where mask, tensor and scale have met, the tensor takes their place. What does not end like this is left as it is.
struct DropoutRemoval {
  private enum Meaning {
    /// Random numbers, uniform in a range.
    case noise(low: Double, high: Double)
    /// One (or true) with a probability, otherwise zero.
    case mask(keeping: Double)
    /// A mask that is divided by its probability.
    case scaledMask
    /// A tensor that was multiplied with a mask, and is to be divided by its probability.
    case masked(Value, keeping: Double)
  }

  private var meanings: [Int: Meaning] = [:]

  /// What the node makes instead of its own output, or `nil` if it does not end a dropout.
  mutating func output(of node: NodeReader) throws -> Value? {
    guard !meanings.isEmpty else { return nil }
    switch node.node.op {
    case "Mul":
      let (a, b) = (try node.operand(0), try node.operand(1))
      return try product(a, b) ?? product(b, a)
    case "RealDiv", "Div":
      guard case .masked(let x, let keeping) = meanings[try node.operand(0).number],
        let divisor = try node.operand(1).constantNumber, Self.isClose(divisor, keeping)
      else { return nil }
      return x
    case "Select", "SelectV2":
      guard case .mask(let keeping) = meanings[try node.operand(0).number] else { return nil }
      let (a, b) = (try node.operand(1), try node.operand(2))
      if b.constantNumber == 0 { return try masking(a, keeping: keeping) }
      return a.constantNumber == 0 ? try masking(b, keeping: 1 - keeping) : nil
    default: return nil
    }
  }

  /// `a`, known to be a mask or masked, times `b`.
  private mutating func product(_ a: Value, _ b: Value) throws -> Value? {
    switch meanings[a.number] {
    case .mask(let keeping) where b.constantNumber == nil: return try masking(b, keeping: keeping)
    case .scaledMask: return b
    case .masked(let x, let keeping):
      guard let factor = b.constantNumber, Self.isClose(factor * keeping, 1) else { return nil }
      return x
    default: return nil
    }
  }

  /// `x` under a mask: without the scale if it has it, otherwise a value of its own that remembers what is to come.
  private mutating func masking(_ x: Value, keeping: Double) throws -> Value {
    if keeping == 1 { return x }
    if let (value, factor) = x.scaled, Self.isClose(factor * keeping, 1) { return value }
    let marked = try x.stoppingGradient()
    meanings[marked.number] = .masked(x, keeping: keeping)
    return marked
  }

  /// Notes what `output`, which the node made, means.
  mutating func note(_ output: ImportedTensor?, of node: NodeReader) throws {
    guard case .value(let value)? = output else { return }
    if Self.sources.contains(node.node.op) {
      meanings[value.number] = .noise(low: 0, high: 1)
    } else if !meanings.isEmpty, meanings[value.number] == nil {
      meanings[value.number] = try meaning(of: node)
    }
  }

  private static let sources: Set<String> = ["RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2"]

  private func meaning(of node: NodeReader) throws -> Meaning? {
    let op = node.node.op
    guard Self.followed.contains(op) else { return nil }
    let first = meanings[try node.operand(0).number]
    if op == "Cast" || op == "Floor" {
      switch first {
      case .mask where op == "Cast": return first
      case .noise(let low, let high) where op == "Floor" && low >= 0 && low < 1 && high > 1 && high <= 2:
        return .mask(keeping: (high - 1) / (high - low))
      default: return nil
      }
    }
    let second = meanings[try node.operand(1).number]
    if let first, let number = try node.operand(1).constantNumber { return Self.meaning(op, first, number) }
    guard let second, let number = try node.operand(0).constantNumber, let mirrored = Self.mirrored[op] else {
      return nil
    }
    return Self.meaning(mirrored, second, number)
  }

  private static let followed: Set<String> = [
    "Cast", "Floor", "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Greater", "GreaterEqual", "Less", "LessEqual",
  ]
  private static let mirrored = [
    "Add": "Add", "AddV2": "Add", "Mul": "Mul", "Greater": "Less", "GreaterEqual": "LessEqual", "Less": "Greater",
    "LessEqual": "GreaterEqual",
  ]

  private static func meaning(_ op: String, _ operand: Meaning, _ number: Double) -> Meaning? {
    switch (op, operand) {
    case ("Add", .noise(let low, let high)), ("AddV2", .noise(let low, let high)):
      return .noise(low: low + number, high: high + number)
    case ("Sub", .noise(let low, let high)): return .noise(low: low - number, high: high - number)
    case ("Mul", .noise(let low, let high)) where number > 0: return .noise(low: low * number, high: high * number)
    case ("Greater", .noise(let low, let high)), ("GreaterEqual", .noise(let low, let high)):
      return mask((high - number) / (high - low))
    case ("Less", .noise(let low, let high)), ("LessEqual", .noise(let low, let high)):
      return mask((number - low) / (high - low))
    case ("Mul", .mask(let keeping)) where isClose(number * keeping, 1): return .scaledMask
    case ("RealDiv", .mask(let keeping)) where isClose(number, keeping): return .scaledMask
    case ("Div", .mask(let keeping)) where isClose(number, keeping): return .scaledMask
    default: return nil
    }
  }

  private static func mask(_ keeping: Double) -> Meaning? {
    keeping > 0 && keeping <= 1 ? .mask(keeping: keeping) : nil
  }

  private static func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * max(abs(a), abs(b)) }
}
