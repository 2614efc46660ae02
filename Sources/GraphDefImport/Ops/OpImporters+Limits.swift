extension OpImporter {
  /// What users should know before they rely on an operation, by name, for the table of operations.
  package static let limits: [String: String] = {
    let knownIntegers = "integers known from the graph"
    let diagonal = "main diagonals of square matrices"
    let channelsLast = "channels last"
    let loop = "the graph sets a limit to the rounds"
    let slice = "what it takes of a batch must be there: nothing is clamped to the number of examples"
    return [
      "Assert": "checks nothing", "BatchToSpaceND": "block shape and crops known from the graph",
      "Bucketize": "at most 1024 boundaries", "CheckNumerics": "checks nothing", "ConcatOffset": knownIntegers,
      "Cumprod": "along at most 1024 numbers", "DepthToSpace": channelsLast, "DynamicStitch": knownIntegers,
      "FusedBatchNorm": channelsLast, "FusedBatchNormGrad": channelsLast, "FusedBatchNormGradV2": channelsLast,
      "FusedBatchNormGradV3": channelsLast, "FusedBatchNormV2": channelsLast, "FusedBatchNormV3": channelsLast,
      "InvertPermutation": knownIntegers, "ListDiff": knownIntegers,
      "MatrixBandPart": "matrices and bands of sizes known from the graph", "MatrixDiag": diagonal,
      "MatrixDiagPart": diagonal, "MatrixDiagPartV2": diagonal, "MatrixDiagPartV3": diagonal,
      "MatrixDiagV2": diagonal, "MatrixDiagV3": diagonal,
      "MaxPool": "NaN where a pixel is NaN, which TensorFlow may skip", "Mean": "floating-point numbers",
      "PrintV2": "prints nothing", "Range": "integers known from the graph and the batch size",
      "ReverseSequence": "along the first two axes; a negative length is no error", "ReverseV2": "not of the batch",
      "Roll": "not of the batch", "ScatterNd": "floating-point numbers",
      "SegmentSum": "floating-point numbers, segments known from the graph", "Slice": slice,
      "SpaceToBatchND": "block shape and paddings known from the graph", "SpaceToDepth": channelsLast,
      "StatelessWhile": loop, "StridedSlice": slice, "TopKV2": "as many as the graph says",
      "UnsortedSegmentSum": "floating-point numbers, as many segments as the graph says", "While": loop,
    ]
  }()
}
