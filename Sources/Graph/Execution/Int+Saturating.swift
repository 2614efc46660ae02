extension Int {
  /// The product of `factors`, none of which is negative, or the largest integer if it does not fit.
  ///
  /// Costs are estimated before a plan is refused for its memory, so that a small graph can ask for any amount of work.
  static func saturatingProduct(_ factors: Int...) -> Int {
    factors.reduce(1) { product, factor in
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? .max : next
    }
  }

  /// The sum of this integer and `other`, neither of which is negative, or the largest integer if it does not fit.
  func addingSaturated(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
