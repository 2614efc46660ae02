import Parameters

extension ModelSchema {
  /// What first makes this model, which is registered, another one than `other`; `nil` if nothing does.
  func difference(from other: ModelSchema) -> String? {
    guard parameters.map(\.name) == other.parameters.map(\.name) else {
      let first = parameters.prefix(5).map { "'\($0.name)'" }.joined(separator: ", ")
      return "its \(parameters.count) tensors are \(first)\(parameters.count > 5 ? ", …" : "")"
    }
    for (own, others) in zip(parameters, other.parameters) {
      if let difference = own.difference(from: others) { return "'\(own.name)' \(difference)" }
    }
    if consistency != other.consistency { return "its workers keep in step as \(consistency) says" }
    if workers != other.workers { return "it is trained by \(workers) workers" }
    return nil
  }
}

extension ParameterSpec {
  /// What first makes this parameter, which is registered, another one than `other`.
  fileprivate func difference(from other: ParameterSpec) -> String? {
    if shape != other.shape { return "has the shape \(shape)" }
    if kind != other.kind { return kind == .table ? "is a table" : "is no table" }
    if isFrozen != other.isFrozen { return isFrozen ? "is not trained" : "is trained" }
    if optimizer != other.optimizer {
      let isSettable = optimizer.name == other.optimizer.name
      return "is trained by \(optimizer)\(isSettable ? ", which 'onlearn ps set' changes" : "")"
    }
    return initialValues == other.initialValues ? nil : "started otherwise, as --init or --seed say"
  }
}
