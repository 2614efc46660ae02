/// A way of combining scalars, for types that need no vectors.
protocol ScalarReducer {
  associatedtype Element: BitwiseCopyable
  associatedtype Accumulator
  static var identity: Accumulator { get }
  static func combine(_ total: Accumulator, _ x: Element) -> Accumulator
  /// The result of `count` combined elements, added to `previous` where sums accumulate.
  static func finish(_ total: Accumulator, count: Int, previous: Element?) -> Element
}

/// Reductions one result at a time.
enum ScalarReductions {
  static func run<Reducer: ScalarReducer>(
    _: Reducer.Type, _ plan: ReductionPlan, _ x: MemoryView<Reducer.Element>, _ y: MemoryView<Reducer.Element>,
    accumulating: Bool = false
  ) {
    // The innermost of the reduced axes is a loop of its own.
    let inner = plan.rank > 0 && !plan.isReduced(0) ? 1 : 0
    let (extent, stride) = inner < plan.rank ? (plan.extents[inner], plan.strides[inner]) : (1, 0)
    for result in 0..<y.count {
      var total = Reducer.identity
      if plan.reducedCount > 0 {
        // The place of the result along the kept axes.
        var (start, rest) = (0, result)
        for axis in 0..<plan.rank where !plan.isReduced(axis) {
          start += rest % plan.extents[axis] * plan.strides[axis]
          rest /= plan.extents[axis]
        }
        var position = InlineArray<8, Int>(repeating: 0)
        var offset = start
        walk: while true {
          // Safety: the plan's extents and strides are those of `x`.
          for step in 0..<extent { unsafe total = Reducer.combine(total, x.base[offset &+ step &* stride]) }
          var axis = inner + 2
          while axis < plan.rank {
            position[axis] += 1
            offset += plan.strides[axis]
            if position[axis] < plan.extents[axis] { continue walk }
            position[axis] = 0
            offset -= plan.strides[axis] * plan.extents[axis]
            axis += 2
          }
          break
        }
      }
      y[result] = Reducer.finish(total, count: plan.reducedCount, previous: accumulating ? y[result] : nil)
    }
  }
}

/// The combinations behind ``ReductionOperation`` and ``LogicalReduction``.
enum ScalarReducers {
  enum Sum<Element: FloatingPoint & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { 0 }
    static func combine(_ total: Element, _ x: Element) -> Element { total + x }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { (previous ?? 0) + total }
  }

  enum Mean<Element: FloatingPoint & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { 0 }
    static func combine(_ total: Element, _ x: Element) -> Element { total + x }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total / Element(count) }
  }

  enum Product<Element: FloatingPoint & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { 1 }
    static func combine(_ total: Element, _ x: Element) -> Element { total * x }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum Maximum<Element: FloatingPoint & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { -.infinity }
    static func combine(_ total: Element, _ x: Element) -> Element { x.isNaN || total < x ? x : total }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum Minimum<Element: FloatingPoint & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { .infinity }
    static func combine(_ total: Element, _ x: Element) -> Element { x.isNaN || total > x ? x : total }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum WrappingSum<Element: FixedWidthInteger & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { 0 }
    static func combine(_ total: Element, _ x: Element) -> Element { total &+ x }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { (previous ?? 0) &+ total }
  }

  /// Sums in 64 bits, as TensorFlow.
  enum IntegerMean<Element: FixedWidthInteger & BitwiseCopyable>: ScalarReducer {
    static var identity: Int64 { 0 }
    static func combine(_ total: Int64, _ x: Element) -> Int64 { total &+ Int64(truncatingIfNeeded: x) }
    static func finish(_ total: Int64, count: Int, previous: Element?) -> Element {
      count == 0 ? 0 : Element(truncatingIfNeeded: total / Int64(count))
    }
  }

  enum WrappingProduct<Element: FixedWidthInteger & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { 1 }
    static func combine(_ total: Element, _ x: Element) -> Element { total &* x }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum IntegerMaximum<Element: FixedWidthInteger & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { .min }
    static func combine(_ total: Element, _ x: Element) -> Element { max(total, x) }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum IntegerMinimum<Element: FixedWidthInteger & BitwiseCopyable>: ScalarReducer {
    static var identity: Element { .max }
    static func combine(_ total: Element, _ x: Element) -> Element { min(total, x) }
    static func finish(_ total: Element, count: Int, previous: Element?) -> Element { total }
  }

  enum Conjunction: ScalarReducer {
    static var identity: Bool { true }
    static func combine(_ total: Bool, _ x: Bool) -> Bool { total && x }
    static func finish(_ total: Bool, count: Int, previous: Bool?) -> Bool { total }
  }

  enum Disjunction: ScalarReducer {
    static var identity: Bool { false }
    static func combine(_ total: Bool, _ x: Bool) -> Bool { total || x }
    static func finish(_ total: Bool, count: Int, previous: Bool?) -> Bool { total }
  }
}
