/// A function of one float, written for vectors.
protocol FloatFunction {
  static func value(_ x: FloatVector) -> FloatVector
}

/// The functions behind ``UnaryOperation``.
enum FloatFunctions {
  enum Identity: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x }
  }

  enum Negate: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { -x }
  }

  enum Absolute: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.absolute(x) }
  }

  /// −1, 0 or 1; NaN for NaN.
  enum Sign: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      let upper = x.replacing(with: VectorMath.all(1), where: x .> VectorMath.all(0))
      // The sum is 0 also for −0, and for numbers that count as zero.
      return upper.replacing(with: VectorMath.all(-1), where: x .< VectorMath.all(0)) + VectorMath.all(0)
    }
  }

  enum Exp: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.exp(x) }
  }

  enum Expm1: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.expm1(x) }
  }

  enum Log: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.log(x) }
  }

  enum Log1p: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.log1p(x) }
  }

  enum SquareRoot: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x.squareRoot }
  }

  enum ReciprocalSquareRoot: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      VectorMath.all(1) / x.squareRoot
    }
  }

  enum Reciprocal: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.all(1) / x }
  }

  enum Square: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x * x }
  }

  enum Cube: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x * x * x }
  }

  enum Sigmoid: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.sigmoid(x) }
  }

  enum Tanh: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.tanh(x) }
  }

  /// NaN for NaN, as TensorFlow.
  enum Relu: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      x.replacing(with: VectorMath.all(0), where: x .< VectorMath.all(0))
    }
  }

  enum Relu6: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      let lower = x.replacing(with: VectorMath.all(0), where: x .< VectorMath.all(0))
      return lower.replacing(with: VectorMath.all(6), where: lower .> VectorMath.all(6))
    }
  }

  enum Elu: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      x.replacing(with: VectorMath.expm1(x), where: x .< VectorMath.all(0))
    }
  }

  enum Selu: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      let negative = VectorMath.expm1(x) * VectorMath.all(Float(SELU.scale * SELU.alpha))
      return (x * VectorMath.all(Float(SELU.scale))).replacing(with: negative, where: x .< VectorMath.all(0))
    }
  }

  enum Softplus: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.softplus(x) }
  }

  enum Softsign: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      x / (VectorMath.absolute(x) + VectorMath.all(1))
    }
  }

  enum Erf: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.erf(x) }
  }

  enum Erfc: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector {
      VectorMath.eachLane(x, Library.complementaryError)
    }
  }

  enum Floor: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x.floor }
  }

  enum Ceil: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x.ceil }
  }

  enum Round: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { x.roundedToEven }
  }

  enum Sin: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.sin(x) }
  }

  enum Cos: FloatFunction {
    @inline(always) static func value(_ x: FloatVector) -> FloatVector { VectorMath.cos(x) }
  }
}
