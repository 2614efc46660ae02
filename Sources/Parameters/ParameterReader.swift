/// Where parameters can be read, whoever trains them meanwhile.
public protocol ParameterReader: AnyObject, Sendable {
  /// Whether it pays to work out which rows a batch touches; if not, ``RowRequest/everything`` costs nothing.
  var prefersRowRequests: Bool { get }

  /// Lends the dense parameters, all of one version, and the rows of `pull`; valid until the next call.
  func lend(_ pull: RowRequest) throws -> ParameterValues
}

extension ParameterStore {
  public func lend(_ pull: RowRequest) throws -> ParameterValues { try exchange(push: nil, pull: pull) }
}
