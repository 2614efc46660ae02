/// What a kernel finds in the numbers it is given and cannot compute with.
public enum KernelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The divisor at `position` is zero.
  case integerDivisionByZero(position: Int)
  /// The exponent at `position` is negative.
  case negativeIntegerPower(position: Int)
  /// The label at `position` is not a class, 0 … `classCount` − 1.
  case labelOutOfRange(position: Int, label: Int64, classCount: Int)

  public var description: String {
    switch self {
    case .integerDivisionByZero(let position):
      "integer division by zero: element \(position) of the divisor is 0"
    case .negativeIntegerPower(let position):
      "element \(position) of the exponent is negative; integers have no negative powers"
    case .labelOutOfRange(let position, let label, let classCount):
      "label \(label) at position \(position): expected a class from 0 to \(classCount - 1)"
    }
  }
}
