import Graph
import Kernels

extension OpImporter {
  /// Layers and losses of neural networks.
  static let neural: [String: OpImporter] = [
    "BiasAdd": OpImporter { node in
      let (x, bias) = (try node.operand(0), try node.operand(1))
      guard try node.text("data_format", default: "NHWC") == "NCHW", x.shape.rank > 2 else { return try x.adding(bias) }
      guard bias.shape.rank == 1 else {
        throw ShapeError(node.node.op, [x.type, bias.type], expected: "a bias [channels]")
      }
      let extents = [Extent(1), bias.shape[0]] + Array(repeating: Extent(1), count: x.shape.rank - 2)
      return try x.adding(bias.reshaped(to: Shape(extents)))
    },
    "BiasAddGrad": OpImporter { node in
      let d = try node.operand(0)
      let isChannelFirst = try node.text("data_format", default: "NHWC") == "NCHW" && d.shape.rank > 2
      let channel = isChannelFirst ? 1 : d.shape.rank - 1
      return try d.summed(over: AxisSet(axes: (0..<d.shape.rank).filter { $0 != channel }))
    },
    "Softmax": OpImporter { try $0.operand(0).softmax() },
    "LogSoftmax": OpImporter { try $0.operand(0).logSoftmax() },
    "SoftmaxCrossEntropyWithLogits": OpImporter(outputs: { node in
      let values = try node.matchingBatch([node.operand(0), node.operand(1)])
      guard let shape = values[0].shape.broadcast(with: values[1].shape) else {
        throw ShapeError("softmax cross entropy", values.map(\.type), expected: "shapes that broadcast")
      }
      let (loss, gradient) = try values[0].broadcast(to: shape).softmaxCrossEntropy(values[1].broadcast(to: shape))
      return [.value(loss), .value(gradient)]
    }),
    "SparseSoftmaxCrossEntropyWithLogits": OpImporter(outputs: { node in
      let (loss, gradient) = try node.operand(0).softmaxCrossEntropy(classes: node.operand(1))
      return [.value(loss), .value(gradient)]
    }),
    "OneHot": OpImporter { node in
      let indices = try node.operand(0)
      let axis = try node.int("axis", default: -1)
      return try indices.oneHot(
        depth: node.constant(1, expected: "a depth"), on: node.operand(2), off: node.operand(3),
        axis: axis == -1 ? indices.shape.rank : node.axis(axis, rank: indices.shape.rank + 1))
    },
  ]
}
