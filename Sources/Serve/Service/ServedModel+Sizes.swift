import GraphDefImport

extension ServedModel {
  /// The features of one example.
  public var inputWidth: Int { current.config.inputSize.dropFirst().reduce(1, *) }

  /// The labels of one example.
  public var labelWidth: Int { current.config.outputSize.dropFirst().reduce(1, *) }
}
