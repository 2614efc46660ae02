import Graph
import Kernels

/// Turns dropout off while a graph is imported for scoring.
///
/// Dropout multiplies a tensor with a random mask and divides it by the probability of being kept, in one of several
/// orders and spellings. What each value of the program means for it is followed from the uniform random numbers on;
/// where mask, tensor and scale have met, the tensor takes their place. What does not end like this is left as it is: a
/// mask without its scale is something else than dropout.
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
  func output(of node: NodeReader) throws -> Value? {
    guard !meanings.isEmpty else { return nil }
    if let (x, keeping) = try masked(by: node) {
      if keeping == 1 { return x }
      guard let (value, factor) = x.scaled, Self.isClose(factor * keeping, 1) else { return nil }
      return value
    }
    switch node.node.op {
    case "Mul":
      let (a, b) = (try node.operand(0), try node.operand(1))
      return product(a, b) ?? product(b, a)
    case "RealDiv", "Div":
      let (a, b) = (try node.operand(0), try node.operand(1))
      guard case .masked(let x, let keeping) = meanings[a.number], let divisor = b.constantNumber,
        Self.isClose(divisor, keeping), Self.isWhole(x, with: [b])
      else { return nil }
      return x
    default: return nil
    }
  }

  /// What `a`, known to be masked or to be a mask with its scale, times `b` would be without dropout.
  private func product(_ a: Value, _ b: Value) -> Value? {
    switch meanings[a.number] {
    case .scaledMask where Self.isWhole(b, with: [a]): return b
    case .masked(let x, let keeping):
      guard let factor = b.constantNumber, Self.isClose(factor * keeping, 1), Self.isWhole(x, with: [b]) else {
        return nil
      }
      return x
    default: return nil
    }
  }

  /// The tensor that the node puts under a mask without scale, and the probability that an element is kept; `nil` if it
  /// masks nothing.
  private func masked(by node: NodeReader) throws -> (x: Value, keeping: Double)? {
    switch node.node.op {
    case "Mul":
      let operands = [try node.operand(0), try node.operand(1)]
      for (mask, x) in [(operands[0], operands[1]), (operands[1], operands[0])] {
        guard case .mask(let keeping) = meanings[mask.number], x.constantNumber == nil, Self.isWhole(x, with: [mask])
        else { continue }
        return (x, keeping)
      }
      return nil
    case "Select", "SelectV2":
      let mask = try node.operand(0)
      guard case .mask(let keeping) = meanings[mask.number] else { return nil }
      let (a, b) = (try node.operand(1), try node.operand(2))
      if b.constantNumber == 0 { return Self.isWhole(a, with: [mask, b]) ? (a, keeping) : nil }
      // Where all are dropped, there is no scale.
      guard a.constantNumber == 0, keeping < 1, Self.isWhole(b, with: [mask, a]) else { return nil }
      return (b, 1 - keeping)
    default: return nil
    }
  }

  /// Whether `x` has the shape of what is made of it and `others`: a mask may repeat what it masks.
  ///
  /// Shapes that do not fit `x` at all are those of the exported batch, which is not the one that is scored.
  private static func isWhole(_ x: Value, with others: [Value]) -> Bool {
    others.allSatisfy { (x.shape.broadcast(with: $0.shape) ?? x.shape) == x.shape }
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
    if let (x, keeping) = try masked(by: node) { return .masked(x, keeping: keeping) }
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
