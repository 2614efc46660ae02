extension VectorMath {
  /// The error function: an odd polynomial near 0, `1 − e^(−g)` with a polynomial `g` farther out.
  @inline(always) static func erf(_ x: FloatVector) -> FloatVector {
    let near = multiplyAdd(
      polynomial(
        x * x,
        [
          0.000_083_452_27, -0.000_813_743_8, 0.005_200_634_2, -0.026_859_27, 0.112_836_94, -0.376_126_35,
          0.128_379_17,
        ]), x, x)
    let magnitude = absolute(x)
    let bounded = magnitude.replacing(with: all(4), where: magnitude .> all(4))
    let logarithm = polynomial(
      bounded,
      [
        0.000_020_909_467, -0.000_432_302_04, 0.004_160_522_5, -0.025_091_486, 0.108_236_6, 0.633_386_7,
        1.129_495_1, -0.000_170_550_82,
      ])
    let far = withSign(of: x, all(1) - exp(-logarithm))
    return near.replacing(with: far, where: magnitude .> all(0.921_875))
  }
}
