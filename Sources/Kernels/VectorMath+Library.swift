import Glibc

/// Functions of the C library, one float at a time, for what is rare or has no short polynomial.
enum Library {
  static func sine(_ x: Float) -> Float { sin(x) }
  static func cosine(_ x: Float) -> Float { cos(x) }
  static func complementaryError(_ x: Float) -> Float { erfc(x) }
  static func power(_ x: Float, _ y: Float) -> Float { pow(x, y) }
  static func remainder(_ x: Float, _ y: Float) -> Float { fmod(x, y) }
  static func angle(_ y: Float, _ x: Float) -> Float { atan2(y, x) }
}

extension VectorMath {
  /// `function` of each lane.
  @inline(always) static func eachLane(_ x: FloatVector, _ function: (Float) -> Float) -> FloatVector {
    var value = x
    for lane in 0..<VectorMemory.width { value[lane] = function(x[lane]) }
    return value
  }

  /// `function` of each pair of lanes.
  @inline(always) static func eachLane(
    _ x: FloatVector, _ y: FloatVector, _ function: (Float, Float) -> Float
  ) -> FloatVector {
    var value = x
    for lane in 0..<VectorMemory.width { value[lane] = function(x[lane], y[lane]) }
    return value
  }
}
