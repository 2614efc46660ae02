/// A way to compute several neighbouring results of a filter with fewer products: Winograd's F(m, r).
///
/// The convolution of polynomials is a product of their values, taken at `m + r − 1` points, so *m* results of *r* taps
/// take that many products instead of `m · r`; in two dimensions the saving is squared. The points are 0, pairs of
/// opposite numbers, and infinity. More points save more and round worse; reciprocals among them round best. Results in
/// `Float` are off by at most 2e-5 of the largest one; by 2e-6 with six points and 6e-6 with eight in the layers of
/// common networks, where products added up in order are off by 4e-7.
///
/// - SeeAlso: Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, CVPR 2016; Alam, Anderson, Barabasz,
///   Gregg, *Winograd Convolution for Deep Neural Networks: Efficient Point Selection*, 2022.
package enum WinogradFilter: CaseIterable, Hashable, Sendable {
  /// Four results of three taps, six points.
  case threeTaps
  /// Four results of five taps, eight points.
  case fiveTaps

  /// The form for filters of `taps` taps, if there is one.
  init?(taps: Int) {
    guard let filter = Self.allCases.first(where: { $0.taps == taps }) else { return nil }
    self = filter
  }

  /// How many taps the filter has along each axis.
  var taps: Int {
    switch self {
    case .threeTaps: 3
    case .fiveTaps: 5
    }
  }

  /// How many neighbouring results a tile has along each axis; an even number.
  var results: Int { 4 }

  /// How many points the polynomials are evaluated at; an even number.
  var points: Int { results + taps - 1 }

  /// The transforms' matrices.
  var matrices: WinogradMatrices {
    switch self {
    case .threeTaps: Self.threeTapMatrices
    case .fiveTaps: Self.fiveTapMatrices
    }
  }

  private static let threeTapMatrices = WinogradMatrices(results: 4, taps: 3, pairs: [2.0 / 3, 1.5])
  private static let fiveTapMatrices = WinogradMatrices(results: 4, taps: 5, pairs: [0.5, 1, 2])
}
