/// A function of two floats, written for vectors.
protocol FloatOperator {
  static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector
}

/// The functions behind ``BinaryOperation``.
enum FloatOperators {
  enum Add: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { a + b }
  }

  enum Subtract: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { a - b }
  }

  enum Multiply: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { a * b }
  }

  enum Divide: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { a / b }
  }

  enum DivideOrZero: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      (a / b).replacing(with: VectorMath.all(0), where: b .== VectorMath.all(0))
    }
  }

  enum Maximum: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      a.replacing(with: b, where: (a .< b) | (b .!= b))
    }
  }

  enum Minimum: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      a.replacing(with: b, where: (a .> b) | (b .!= b))
    }
  }

  enum Power: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      VectorMath.eachLane(a, b, Library.power)
    }
  }

  enum SquaredDifference: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { (a - b) * (a - b) }
  }

  enum FloorDivide: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { (a / b).floor }
  }

  enum FloorModulo: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      let remainder = VectorMath.eachLane(a, b, Library.remainder)
      let zero = VectorMath.all(0)
      let disagrees = (remainder .!= zero) & ((b .< zero) ^ (remainder .< zero))
      return remainder.replacing(with: remainder + b, where: disagrees)
    }
  }

  enum TruncateDivide: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      (a / b).truncated
    }
  }

  enum TruncateModulo: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      VectorMath.eachLane(a, b, Library.remainder)
    }
  }

  enum Angle: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      VectorMath.eachLane(a, b, Library.angle)
    }
  }

  enum ReluGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      VectorMath.all(0).replacing(with: a, where: b .> VectorMath.all(0))
    }
  }

  enum SigmoidGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      b * a * (VectorMath.all(1) - a)
    }
  }

  enum TanhGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      b * (VectorMath.all(1) - a * a)
    }
  }

  enum Relu6Gradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      let isInside = (b .> VectorMath.all(0)) & (b .< VectorMath.all(6))
      return VectorMath.all(0).replacing(with: a, where: isInside)
    }
  }

  enum EluGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      a.replacing(with: a * (b + VectorMath.all(1)), where: b .< VectorMath.all(0))
    }
  }

  enum SeluGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      let negative = a * (b + VectorMath.all(Float(SELU.scale * SELU.alpha)))
      return (a * VectorMath.all(Float(SELU.scale))).replacing(with: negative, where: b .< VectorMath.all(0))
    }
  }

  enum SoftplusGradient: FloatOperator {
    @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector {
      a / (VectorMath.all(1) + VectorMath.exp(-b))
    }
  }
}
